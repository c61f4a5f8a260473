//! Pictures of a loop, as SVG.
//!
//! They are drawn once in the colours of a light page. A dark one changes them by their value (`page.css`), so that a
//! colour has one meaning and stands in one place.

mod effects;
mod told;
mod volume;

use anyhow::Context as _;
use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, IntoDrawingArea as _, RGBColor, SVGBackend};

pub(super) use effects::{Effect, effects};
pub(super) use told::{Told, told};
pub(super) use volume::{Mark, Point, volume};

const INK: RGBColor = RGBColor(0x1B, 0x1F, 0x24);
const SOFT: RGBColor = RGBColor(0x57, 0x60, 0x6A);
const LINE: RGBColor = RGBColor(0xD0, 0xD7, 0xDE);
const BAND: RGBColor = RGBColor(0xDC, 0xE9, 0xF5);
const USUAL: RGBColor = RGBColor(0x2F, 0x6F, 0xB5);
const HOT: RGBColor = RGBColor(0xC2, 0x41, 0x0C);
const GOOD: RGBColor = RGBColor(0x2E, 0x7D, 0x4F);
const BLOCKED: RGBColor = RGBColor(0xD9, 0xA4, 0x41);
const WAITING: RGBColor = RGBColor(0x9A, 0xA5, 0xB1);

/// The size of letters, in pixels of a picture that is shown as large as it is drawn.
const LETTERS: f64 = 17.0;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// For which screens a picture is drawn: letters keep their size, so that a phone gets one of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Screen {
    /// From about 700 pixels on.
    Wide,
    /// A phone.
    Narrow,
}

impl Screen {
    const fn width(self) -> u32 {
        match self {
            Self::Wide => 880,
            Self::Narrow => 360,
        }
    }
}

/// What a picture is called by who cannot see it.
#[derive(Clone, Debug)]
pub(super) struct Caption {
    /// Begins every id in the picture; unique on the page.
    pub(super) id: String,
    pub(super) title: String,
    pub(super) description: String,
}

/// Draws a picture of `height` pixels.
fn draw(
    caption: &Caption,
    screen: Screen,
    height: u32,
    drawing: impl FnOnce(&Area<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<String> {
    let size = (screen.width(), height);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        drawing(&area)?;
        area.present().context("cannot draw a picture")?;
    }
    named(&svg, caption, screen)
}

/// The picture with its name and description, as WAI-ARIA's `img` role asks (SVG Accessibility API Mappings 1.0,
/// section 5), and scaled with the page.
fn named(svg: &str, caption: &Caption, screen: Screen) -> anyhow::Result<String> {
    let Caption {
        id,
        title,
        description,
    } = caption;
    let (opening, rest) = svg.split_once('>').context("a picture without a beginning")?;
    let view = opening.split_once("viewBox=").map_or("", |(_, view)| view);
    let screen = match screen {
        Screen::Wide => "wide",
        Screen::Narrow => "narrow",
    };
    let name = format!("{id}-{screen}");
    Ok(format!(
        "<svg class=\"{screen}\" role=\"img\" aria-labelledby=\"{name}-title\" aria-describedby=\"{name}-desc\" \
         viewBox={view}><title id=\"{name}-title\">{}</title><desc id=\"{name}-desc\">{}</desc>{rest}",
        escaped(title),
        escaped(description)
    ))
}

/// A text within XML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
