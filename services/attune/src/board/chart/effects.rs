//! What each try did, with its interval, against what it had to do.

use plotters::prelude::{
    ChartBuilder, Circle, Color as _, IntoFont as _, PathElement, RGBColor, Text, TextStyle,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{Area, Caption, GOOD, HOT, INK, LETTERS, LINE, SOFT, Screen, WAITING, draw};

/// The height of a try, and of what stands below all of them.
const ROW: u32 = 64;
const AXIS: u32 = 48;

/// What a try did, in percentage points of the share.
#[derive(Clone, Debug)]
pub(crate) struct Effect {
    pub(crate) name: String,
    pub(crate) effect: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// What it had to reach; negative for a fall.
    pub(crate) target: f64,
    /// Whether it helped; `None` where it cannot be told, or not yet.
    pub(crate) helped: Option<bool>,
}

impl Effect {
    fn colour(&self) -> RGBColor {
        match self.helped {
            Some(true) => GOOD,
            Some(false) => HOT,
            None => WAITING,
        }
    }
}

/// Draws each effect as an interval on a common axis, the first one on top.
pub(crate) fn effects(caption: &Caption, screen: Screen, effects: &[Effect]) -> anyhow::Result<String> {
    let rows = u32::try_from(effects.len()).unwrap_or_default();
    draw(caption, screen, rows * ROW + AXIS, |area| paint(area, effects))
}

fn paint(area: &Area<'_>, effects: &[Effect]) -> anyhow::Result<()> {
    let ends = || {
        effects
            .iter()
            .flat_map(|effect| [effect.low, effect.high, effect.target])
    };
    let (low, high) = (ends().fold(0.0, f64::min), ends().fold(0.0, f64::max));
    let room = ((high - low) * 0.08).max(0.1);
    let (left, right, rows) = (low - room, high + room, effects.len() as f64);
    let mut chart = ChartBuilder::on(area)
        .margin(6)
        .x_label_area_size(28)
        .build_cartesian_2d(left..right, 0.0..rows)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .light_line_style(LINE.mix(0.0))
        .bold_line_style(LINE)
        .axis_style(LINE)
        .label_style(("sans-serif", LETTERS).into_font().color(&SOFT))
        .x_labels(6)
        .x_label_formatter(&|points| format!("{points:+.0}"))
        .draw()?;
    let nothing = PathElement::new(vec![(0.0, 0.0), (0.0, rows)], INK.stroke_width(2));
    chart.draw_series(std::iter::once(nothing))?;
    for (place, effect) in effects.iter().enumerate() {
        let bottom = rows - place as f64 - 1.0;
        let (middle, colour) = (bottom + 0.28, effect.colour());
        let line = |from: (f64, f64), to: (f64, f64), width: u32, colour: RGBColor| {
            PathElement::new(vec![from, to], colour.stroke_width(width))
        };
        chart.draw_series([
            line((effect.low, middle), (effect.high, middle), 5, colour),
            line((effect.low, middle - 0.1), (effect.low, middle + 0.1), 3, colour),
            line(
                (effect.high, middle - 0.1),
                (effect.high, middle + 0.1),
                3,
                colour,
            ),
            line(
                (effect.target, bottom + 0.06),
                (effect.target, bottom + 0.5),
                3,
                INK,
            ),
        ])?;
        chart.draw_series(std::iter::once(Circle::new(
            (effect.effect, middle),
            7,
            colour.filled(),
        )))?;
        let style = TextStyle::from(("sans-serif", LETTERS).into_font())
            .color(&INK)
            .pos(Pos::new(HPos::Left, VPos::Top));
        let name = Text::new(effect.name.clone(), (left, bottom + 0.94), style);
        chart.draw_series(std::iter::once(name))?;
    }
    Ok(())
}
