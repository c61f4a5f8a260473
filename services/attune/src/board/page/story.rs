//! One problem from its discovery to its last step, as a page tells it.

use attune_api::feedback::v1::{CourseDay, GetHotIssueCourseResponse, HotIssue};
use attune_api::improvement::v1::{Iteration, TellingSummary, Verdict, VerdictDecision};
use serde::Serialize;

use super::super::chart::{self, Caption, Effect, Mark, Point, Screen};
use super::super::collect::Story;
use super::super::words;

/// The metric that most rollouts are measured by, which is not named at each.
const USUAL_METRIC: &str = "topic_share";
/// Quotes that are told.
const QUOTES: usize = 2;

/// A story with its pictures.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    id: String,
    name: String,
    lead: String,
    quotes: Vec<String>,
    volume: Option<Picture>,
    level: String,
    days: Vec<DayRow>,
    effects: Option<Picture>,
    tries: Vec<TryRow>,
    told: Option<Picture>,
    tellings: Vec<TellingRow>,
}

/// The same picture for two widths.
#[derive(Debug, Serialize)]
struct Picture {
    wide: String,
    narrow: String,
}

#[derive(Debug, Serialize)]
struct DayRow {
    date: String,
    mentions: i64,
    expected: String,
    range: String,
}

#[derive(Debug, Serialize)]
struct TryRow {
    name: String,
    change: String,
    since: String,
    effect: String,
    verdict: String,
}

#[derive(Debug, Serialize)]
struct TellingRow {
    name: String,
    sent: String,
    blocked: String,
    failed: i64,
    pending: i64,
}

/// A try by its name, such as `Try 2`.
struct Try<'a> {
    name: String,
    /// What it was to move.
    metric: &'a str,
    iteration: &'a Iteration,
}

/// Tells a story; `place` makes its ids its own.
pub(super) fn told(place: usize, story: &Story) -> anyhow::Result<Told> {
    let id = format!("story-{}", place + 1);
    let tries = tries(story);
    let course = story.course.as_ref();
    Ok(Told {
        name: words::name(&story.item),
        lead: lead(story),
        quotes: story.issue.quotes.iter().take(QUOTES).cloned().collect(),
        volume: course
            .map(|course| volume(&id, story, course, &tries))
            .transpose()?,
        level: format!("{:.0} %", course.map_or(0.0, |course| course.level * 100.0)),
        days: course.map_or_else(Vec::new, |course| course.days.iter().map(day_row).collect()),
        effects: effects(&id, story, &tries)?,
        tries: tries.iter().map(try_row).collect(),
        told: who_was_told(&id, story, &tries)?,
        tellings: tries.iter().filter_map(telling_row).collect(),
        id,
    })
}

/// Both widths of a picture.
fn both(draw: impl Fn(Screen) -> anyhow::Result<String>) -> anyhow::Result<Picture> {
    Ok(Picture {
        wide: draw(Screen::Wide)?,
        narrow: draw(Screen::Narrow)?,
    })
}

fn tries(story: &Story) -> Vec<Try<'_>> {
    let several = story.initiatives.len() > 1;
    let named = |place: usize, iteration: &Iteration| {
        if several {
            format!("Initiative {}, try {}", place + 1, iteration.number)
        } else {
            format!("Try {}", iteration.number)
        }
    };
    story
        .initiatives
        .iter()
        .enumerate()
        .flat_map(|(place, initiative)| {
            let target = initiative.target.as_ref();
            let metric = target.map_or(USUAL_METRIC, |target| target.metric.as_str());
            initiative.iterations.iter().map(move |iteration| Try {
                name: named(place, iteration),
                metric,
                iteration,
            })
        })
        .collect()
}

fn lead(story: &Story) -> String {
    let issue = &story.issue;
    let found = words::day(issue.opened_at);
    let hit = format!("{} customers were hit", issue.cohort_size);
    let hot = story.course.as_ref().and_then(|course| course.hot_issue.as_ref());
    let begun = match hot {
        Some(HotIssue {
            observed, expected, ..
        }) => {
            format!(
                "Found by itself on {found}: {observed} mentions where {expected:.1} were to be expected; {hit}."
            )
        }
        None if story.item.split_from_issue_id.is_empty() => format!("Reported on {found}; {hit}."),
        None => format!("Found on {found} as a part of another issue, and split from it; {hit}."),
    };
    let begun = match story.item.gone_on {
        0 => begun,
        gone_on => format!("{begun} {gone_on} of them are told by issues that were split from it."),
    };
    match issue.closed_at {
        Some(_) => format!(
            "{begun} Closed on {}: an improvement was proven to help.",
            words::day(issue.closed_at)
        ),
        None => format!("{begun} It waits for {}.", words::waits_for(&story.item)),
    }
}

fn volume(
    id: &str,
    story: &Story,
    course: &GetHotIssueCourseResponse,
    tries: &[Try<'_>],
) -> anyhow::Result<Picture> {
    let days: Vec<Point> = course.days.iter().filter_map(point).collect();
    let hot = days.iter().filter(|day| day.is_hot()).count();
    let caption = Caption {
        id: format!("{id}-volume"),
        title: format!("{}: mentions a day", words::name(&story.item)),
        description: format!(
            "Bars for {} days, from {} to {}. On {hot} of them there were more mentions than chance explains. It became an \
             issue on {}.",
            days.len(),
            days.first().map(|day| day.date.to_string()).unwrap_or_default(),
            days.last().map(|day| day.date.to_string()).unwrap_or_default(),
            words::day(story.issue.opened_at)
        ),
    };
    let marks = marks(story, tries);
    both(|screen| chart::volume(&caption, screen, &days, &marks))
}

fn point(day: &CourseDay) -> Option<Point> {
    Some(Point {
        date: words::moment(day.start)?.date_naive(),
        mentions: day.mentions,
        usual: day
            .expected
            .zip(day.low.zip(day.high))
            .map(|(expected, (low, high))| (expected, low, high)),
        complete: day.complete,
    })
}

/// What happened, in order.
fn marks(story: &Story, tries: &[Try<'_>]) -> Vec<Mark> {
    let mark = |at, name: &str, opened| {
        words::moment(at).map(|at| Mark {
            at,
            name: name.to_owned(),
            opened,
        })
    };
    let opened = mark(story.issue.opened_at, "became an issue", true);
    let live = tries
        .iter()
        .filter_map(|one| mark(one.iteration.rolled_out_at, &format!("{} live", one.name), false));
    let closed = mark(story.issue.closed_at, "proven, closed", false);
    opened.into_iter().chain(live).chain(closed).collect()
}

fn day_row(day: &CourseDay) -> DayRow {
    DayRow {
        date: words::day(day.start),
        mentions: day.mentions,
        expected: day
            .expected
            .map_or_else(|| "–".to_owned(), |expected| format!("{expected:.1}")),
        range: day
            .low
            .zip(day.high)
            .map_or_else(|| "–".to_owned(), |(low, high)| format!("{low:.0} to {high:.0}")),
    }
}

fn effects(id: &str, story: &Story, tries: &[Try<'_>]) -> anyhow::Result<Option<Picture>> {
    let shown: Vec<Effect> = tries.iter().filter_map(effect).collect();
    if shown.is_empty() {
        return Ok(None);
    }
    let said: Vec<String> = shown
        .iter()
        .map(|one| {
            format!(
                "{}: {:+.1}, from {:+.1} to {:+.1}, {:+.1} wanted",
                one.name, one.effect, one.low, one.high, one.target
            )
        })
        .collect();
    let caption = Caption {
        id: format!("{id}-effects"),
        title: format!("{}: what each try did", words::name(&story.item)),
        description: format!(
            "The change of the share in percentage points with its interval. {}.",
            said.join("; ")
        ),
    };
    both(|screen| chart::effects(&caption, screen, &shown)).map(Some)
}

/// What a try did; `None` where there is no number.
fn effect(one: &Try<'_>) -> Option<Effect> {
    let verdict = one.iteration.verdict.as_ref()?;
    let plan = one.iteration.plan.as_ref()?;
    let measured = match one.metric {
        USUAL_METRIC => String::new(),
        metric => format!(" ({metric})"),
    };
    Some(Effect {
        name: format!("{}{measured}: {}", one.name, words::decision(verdict.decision())),
        effect: verdict.effect? * 100.0,
        low: verdict.low? * 100.0,
        high: verdict.high? * 100.0,
        target: plan.smallest_effect * words::towards_better(one.metric) * 100.0,
        helped: match verdict.decision() {
            VerdictDecision::Effective => Some(true),
            VerdictDecision::Ineffective => Some(false),
            _ => None,
        },
    })
}

fn try_row(one: &Try<'_>) -> TryRow {
    let Iteration {
        change,
        rolled_out_at,
        verdict,
        ..
    } = one.iteration;
    let stated = |verdict: &Verdict| match (verdict.effect, verdict.low, verdict.high) {
        (Some(effect), Some(low), Some(high)) => format!(
            "{} ({} to {})",
            words::amount(one.metric, effect),
            words::amount(one.metric, low),
            words::amount(one.metric, high)
        ),
        _ => "no number".to_owned(),
    };
    let decided = |verdict: &Verdict| {
        let said = format!("{}: {}", words::decision(verdict.decision()), verdict.reason);
        match words::comparison(verdict) {
            comparison if comparison.is_empty() => said,
            comparison => format!("{said}; {comparison}"),
        }
    };
    TryRow {
        name: one.name.clone(),
        change: change.clone(),
        since: rolled_out_at.map_or_else(|| "not yet".to_owned(), |at| words::day(Some(at))),
        effect: verdict.as_ref().map_or_else(|| "–".to_owned(), stated),
        verdict: verdict.as_ref().map_or_else(|| "none yet".to_owned(), decided),
    }
}

fn who_was_told(id: &str, story: &Story, tries: &[Try<'_>]) -> anyhow::Result<Option<Picture>> {
    let bars: Vec<chart::Told> = tries.iter().filter_map(bar).collect();
    if bars.is_empty() {
        return Ok(None);
    }
    let said: Vec<String> = bars
        .iter()
        .map(|bar| format!("{}, {} failed, {} pending", bar.name, bar.failed, bar.pending))
        .collect();
    let caption = Caption {
        id: format!("{id}-told"),
        title: format!("{}: who has been told", words::name(&story.item)),
        description: format!("{}.", said.join("; ")),
    };
    both(|screen| chart::told(&caption, screen, &bars)).map(Some)
}

/// `None` where nobody was to be told.
fn bar(one: &Try<'_>) -> Option<chart::Told> {
    let telling = one.iteration.telling.as_ref()?;
    Some(chart::Told {
        name: format!("{}: {} sent, {} blocked", one.name, telling.sent, telling.blocked),
        sent: telling.sent,
        blocked: telling.blocked,
        failed: telling.failed,
        pending: telling.pending,
    })
}

fn telling_row(one: &Try<'_>) -> Option<TellingRow> {
    let telling = one.iteration.telling.as_ref()?;
    Some(TellingRow {
        name: one.name.clone(),
        sent: sent(telling),
        blocked: blocked(telling),
        failed: telling.failed,
        pending: telling.pending,
    })
}

/// How many, and how many of them are known to have read it. Where none is, nothing is known.
fn sent(telling: &TellingSummary) -> String {
    match telling.read {
        0 => telling.sent.to_string(),
        read => format!("{} ({read} known to have read it)", telling.sent),
    }
}

/// How many, and why.
fn blocked(telling: &TellingSummary) -> String {
    let mut reasons: Vec<_> = telling.blocked_by_reason.iter().collect();
    reasons.sort();
    let reasons: Vec<String> = reasons
        .iter()
        .map(|(reason, count)| format!("{} {count}", words::reason(reason)))
        .collect();
    if reasons.is_empty() {
        telling.blocked.to_string()
    } else {
        format!("{} ({})", telling.blocked, reasons.join(", "))
    }
}
