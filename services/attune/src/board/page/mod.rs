//! The board as a page: one file that loads nothing and runs nothing.

mod story;

use attune_api::improvement::v1::{BoardItem, BoardStage, Goal, GoalTrack};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};
use serde::Serialize;

use super::collect::{Board, Story};
use super::words;
use story::Told;

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const NAME: &str = "page.html";

/// A number that matters at a glance.
#[derive(Debug, Serialize)]
struct Tile {
    count: i64,
    label: &'static str,
    alarm: bool,
}

#[derive(Debug, Serialize)]
struct Row {
    name: String,
    work: String,
    stage: String,
    age: String,
    waits_for: String,
    due: String,
    verdict: String,
    overdue: bool,
    closed: bool,
}

#[derive(Debug, Serialize)]
struct Aim {
    name: String,
    owner: String,
    track: &'static str,
    progress: String,
    off: bool,
}

/// The page of a board with the stories that are told of it.
pub(super) fn page(title: &str, board: &Board, stories: &[Story]) -> anyhow::Result<String> {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    templates.set_auto_escape_callback(|_| AutoEscape::Html);
    templates.add_template(NAME, TEMPLATE)?;
    let told: anyhow::Result<Vec<Told>> = stories
        .iter()
        .enumerate()
        .map(|(place, story)| story::told(place, story))
        .collect();
    let page = templates.get_template(NAME)?.render(context! {
        title, css => STYLE, as_of => board.as_of.format("%-d %B %Y, %H:%M UTC").to_string(), more => board.more,
        tiles => Serde(tiles(board)), rows => Serde(board.items.iter().map(row).collect::<Vec<_>>()),
        goals => Serde(board.goals.iter().map(aim).collect::<Vec<_>>()), stories => Serde(told?),
        thanks => board.recognitions.iter().map(words::thanks).collect::<Vec<_>>(),
    })?;
    Ok(page)
}

fn tiles(board: &Board) -> Vec<Tile> {
    let summary = &board.summary;
    let tile = |count, label, alarm| Tile {
        count,
        label,
        alarm: alarm && count > 0,
    };
    vec![
        tile(summary.issues_untouched, "problems nobody works on", true),
        tile(summary.issues_in_work, "problems in work", false),
        tile(summary.initiatives_measuring, "changes being measured", false),
        tile(summary.pilots_running, "pilots running", false),
        tile(summary.actions_overdue, "actions overdue", true),
        tile(summary.goals_off_track, "goals off track", true),
    ]
}

fn row(item: &BoardItem) -> Row {
    Row {
        name: words::name(item),
        work: words::work(item),
        stage: words::stage(item),
        age: words::age(item.age_hours),
        waits_for: words::waits_for(item),
        due: words::due(item),
        verdict: words::verdict(item),
        overdue: item.overdue,
        closed: item.stage() == BoardStage::Closed,
    }
}

fn aim(goal: &Goal) -> Aim {
    Aim {
        name: goal.name.clone(),
        owner: goal.owner.clone(),
        track: words::track(goal),
        progress: words::progress(goal),
        off: goal.track() == GoalTrack::OffTrack,
    }
}

#[cfg(test)]
mod tests;
