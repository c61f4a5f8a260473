//! How often a topic was mentioned, beside what was to be expected.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::{
    Cartesian2d, ChartBuilder, ChartContext, Color as _, DashedLineSeries, IntoFont as _, PathElement,
    Polygon, Rectangle, SVGBackend, Text, TextStyle,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{Area, BAND, Caption, HOT, INK, LETTERS, LINE, SOFT, Screen, USUAL, draw};

const HEIGHT: u32 = 320;
/// How much of the height the names of marks have.
const HEADROOM: f64 = 0.34;

/// A day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    pub(crate) date: NaiveDate,
    pub(crate) mentions: i64,
    /// Expected, low and high.
    pub(crate) usual: Option<(f64, f64, f64)>,
    pub(crate) complete: bool,
}

impl Point {
    /// Whether there were more mentions than chance explains.
    pub(crate) fn is_hot(&self) -> bool {
        self.usual.is_some_and(|(_, _, high)| self.mentions as f64 > high)
    }
}

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub(crate) at: DateTime<Utc>,
    pub(crate) name: String,
    /// Whether it is the moment at which it became an issue.
    pub(crate) opened: bool,
}

/// Draws days as bars on the band they were expected in, and what happened as lines.
pub(crate) fn volume(
    caption: &Caption,
    screen: Screen,
    days: &[Point],
    marks: &[Mark],
) -> anyhow::Result<String> {
    draw(caption, screen, HEIGHT, |area| paint(area, screen, days, marks))
}

type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

fn paint(area: &Area<'_>, screen: Screen, days: &[Point], marks: &[Mark]) -> anyhow::Result<()> {
    let Some(first) = days.first().map(|day| day.date) else {
        return Ok(());
    };
    let highest = days
        .iter()
        .map(|day| (day.mentions as f64).max(day.usual.map_or(0.0, |(_, _, high)| high)))
        .fold(1.0, f64::max);
    let top = highest / (1.0 - HEADROOM);
    let mut chart = ChartBuilder::on(area)
        .margin(6)
        .x_label_area_size(26)
        .y_label_area_size(44)
        .build_cartesian_2d(0.0..days.len() as f64, 0.0..top)?;
    let labels = match screen {
        Screen::Wide => 8,
        Screen::Narrow => 4,
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(LINE.mix(0.0))
        .bold_line_style(LINE)
        .axis_style(LINE)
        .label_style(("sans-serif", LETTERS).into_font().color(&SOFT))
        .x_labels(labels)
        .y_labels(5)
        .x_label_formatter(&|place| dated(first, *place))
        .y_label_formatter(&|count| format!("{count:.0}"))
        .draw()?;
    paint_days(&mut chart, days)?;
    for (row, mark) in marks.iter().enumerate() {
        let x = place_of(first, mark.at).clamp(0.0, days.len() as f64);
        // Names that stand close would cover each other: each has a row of four.
        let y = top * (1.0 - HEADROOM * (row % 4) as f64 / 4.0);
        paint_mark(&mut chart, mark, (x, y), days.len() as f64)?;
    }
    Ok(())
}

fn paint_days(chart: &mut Chart<'_, '_>, days: &[Point]) -> anyhow::Result<()> {
    let usual = || {
        let known = days.iter().enumerate();
        known.filter_map(|(place, day)| Some((place as f64, day.usual?)))
    };
    let upper = usual().flat_map(|(x, (_, _, high))| [(x, high), (x + 1.0, high)]);
    let lower: Vec<_> = usual()
        .flat_map(|(x, (_, low, _))| [(x, low), (x + 1.0, low)])
        .collect();
    let band: Vec<_> = upper.chain(lower.into_iter().rev()).collect();
    chart.draw_series((!band.is_empty()).then(|| Polygon::new(band, BAND.filled())))?;
    chart.draw_series(days.iter().enumerate().map(|(place, day)| {
        let x = place as f64;
        let colour = if day.is_hot() { HOT } else { USUAL };
        let strength = if day.complete { 1.0 } else { 0.5 };
        let corners = [(x + 0.15, 0.0), (x + 0.85, day.mentions as f64)];
        Rectangle::new(corners, colour.mix(strength).filled())
    }))?;
    let expected = usual().map(|(x, (expected, ..))| (x + 0.5, expected));
    chart.draw_series(DashedLineSeries::new(expected, 5, 4, SOFT.stroke_width(2)))?;
    Ok(())
}

/// A line up to `place`, with its name on the side where there is room.
fn paint_mark(chart: &mut Chart<'_, '_>, mark: &Mark, (x, y): (f64, f64), width: f64) -> anyhow::Result<()> {
    let colour = if mark.opened { HOT } else { INK };
    let (side, gap) = if x > width * 0.6 {
        (HPos::Right, width * -0.008)
    } else {
        (HPos::Left, width * 0.008)
    };
    let style = TextStyle::from(("sans-serif", LETTERS).into_font())
        .color(&colour)
        .pos(Pos::new(side, VPos::Top));
    let line = PathElement::new(vec![(x, 0.0), (x, y)], colour.stroke_width(2));
    chart.draw_series(std::iter::once(line))?;
    let name = Text::new(mark.name.clone(), (x + gap, y), style);
    chart.draw_series(std::iter::once(name))?;
    Ok(())
}

/// Days and parts of a day since the midnight of `first`.
fn place_of(first: NaiveDate, at: DateTime<Utc>) -> f64 {
    (at - first.and_time(NaiveTime::MIN).and_utc()).num_minutes() as f64 / 1440.0
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place on an axis of at most 180 days"
)]
fn dated(first: NaiveDate, place: f64) -> String {
    let date = first + Days::new(place.max(0.0) as u64);
    date.format("%-d %b").to_string()
}
