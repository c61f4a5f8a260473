//! Who was told about each try.

use plotters::prelude::{ChartBuilder, Color as _, IntoFont as _, RGBColor, Rectangle, Text, TextStyle};
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{Area, BLOCKED, Caption, GOOD, HOT, INK, LETTERS, Screen, WAITING, draw};

const ROW: u32 = 64;

/// What became of the messages about a try.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) name: String,
    pub(crate) sent: i64,
    pub(crate) blocked: i64,
    pub(crate) failed: i64,
    pub(crate) pending: i64,
}

impl Told {
    fn parts(&self) -> [(i64, RGBColor); 4] {
        [
            (self.sent, GOOD),
            (self.blocked, BLOCKED),
            (self.failed, HOT),
            (self.pending, WAITING),
        ]
    }

    fn all(&self) -> i64 {
        self.parts().iter().map(|(count, _)| count).sum()
    }
}

/// Draws each cohort as a bar with its parts, the first try on top.
pub(crate) fn told(caption: &Caption, screen: Screen, tries: &[Told]) -> anyhow::Result<String> {
    let rows = u32::try_from(tries.len()).unwrap_or_default();
    draw(caption, screen, rows * ROW + 12, |area| paint(area, tries))
}

fn paint(area: &Area<'_>, tries: &[Told]) -> anyhow::Result<()> {
    let rows = tries.len() as f64;
    let mut chart = ChartBuilder::on(area)
        .margin(6)
        .build_cartesian_2d(0.0..1.0, 0.0..rows)?;
    for (place, one) in tries.iter().enumerate() {
        let bottom = rows - place as f64 - 1.0;
        let all = one.all().max(1) as f64;
        let mut from = 0.0;
        for (count, colour) in one.parts() {
            let to = from + count as f64 / all;
            if count > 0 {
                let part = Rectangle::new([(from, bottom + 0.08), (to, bottom + 0.52)], colour.filled());
                chart.draw_series(std::iter::once(part))?;
            }
            from = to;
        }
        let style = TextStyle::from(("sans-serif", LETTERS).into_font())
            .color(&INK)
            .pos(Pos::new(HPos::Left, VPos::Top));
        let name = Text::new(one.name.clone(), (0.0, bottom + 0.94), style);
        chart.draw_series(std::iter::once(name))?;
    }
    Ok(())
}
