//! The board in a terminal.

use std::fmt::{self, Write as _};

use attune_api::feedback::v1::CourseDay;
use attune_api::improvement::v1::{BoardItem, BoardStage, GoalTrack};

use super::collect::Board;
use super::words;

/// The widths of the columns: what, how far, how old, whom it waits for.
const NAME: usize = 34;
const STAGE: usize = 18;
const AGE: usize = 6;
const WAITS: usize = 44;

/// How something stands out, where the terminal has colours.
#[derive(Clone, Copy, Debug)]
enum Look {
    Heading,
    Alarm,
    Good,
    Quiet,
}

/// Whether to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Colours(pub(super) bool);

impl Colours {
    /// `text` in its look, as ECMA-48 selects it (section 8.3.117).
    fn paint(self, look: Look, text: &str) -> String {
        let code = match look {
            Look::Heading => 1,
            Look::Alarm => 31,
            Look::Good => 32,
            Look::Quiet => 2,
        };
        if self.0 {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// The board as a table.
pub(super) fn table(board: &Board, colours: Colours) -> String {
    let mut text = String::new();
    // Writing into a String cannot fail.
    let _ = write(&mut text, board, colours);
    text
}

fn write(out: &mut String, board: &Board, colours: Colours) -> fmt::Result {
    let as_of = board.as_of.format("%Y-%m-%d %H:%M UTC").to_string();
    writeln!(
        out,
        "{}",
        colours.paint(Look::Heading, &format!("In flight on {as_of}"))
    )?;
    writeln!(out, "{}", summary(board))?;
    if board.items.is_empty() {
        writeln!(out, "\nNothing is in flight.")?;
        return thanks(out, board, colours);
    }
    let head = format!(
        "  {:NAME$} {:STAGE$} {:>AGE$}  {:WAITS$} DUE",
        "PROBLEM", "STAGE", "AGE", "WAITS FOR"
    );
    writeln!(out, "\n{}", colours.paint(Look::Heading, &head))?;
    for item in &board.items {
        row(out, item, colours)?;
    }
    if board.more {
        writeln!(out, "  … and more: GetBoard pages through all of them")?;
    }
    goals(out, board, colours)?;
    thanks(out, board, colours)
}

fn summary(board: &Board) -> String {
    let summary = &board.summary;
    format!(
        "{} untouched, {} in work, {} being measured, {} pilots running; {} actions overdue; {} of {} goals off track",
        summary.issues_untouched,
        summary.issues_in_work,
        summary.initiatives_measuring,
        summary.pilots_running,
        summary.actions_overdue,
        summary.goals_off_track,
        summary.goals_open
    )
}

fn row(out: &mut String, item: &BoardItem, colours: Colours) -> fmt::Result {
    let mark = if item.overdue { "!" } else { " " };
    let stage = padded(&words::stage(item), STAGE);
    let look = match item.stage() {
        BoardStage::Closed => Some(Look::Good),
        BoardStage::Untouched => Some(Look::Alarm),
        _ => None,
    };
    let painted = |look: Option<Look>, text: String| match look {
        Some(look) => colours.paint(look, &text),
        None => text,
    };
    let alarm = item.overdue.then_some(Look::Alarm);
    writeln!(
        out,
        "{} {} {} {:>AGE$}  {} {}",
        painted(alarm, mark.to_owned()),
        padded(&words::name(item), NAME),
        painted(look, stage),
        words::age(item.age_hours),
        padded(&words::waits_for(item), WAITS),
        painted(alarm, words::due(item))
    )?;
    for more in [
        words::work(item),
        words::verdict(item),
        words::split(item),
        words::later(item),
    ] {
        if !more.is_empty() {
            writeln!(out, "  {}", colours.paint(Look::Quiet, &format!("└ {more}")))?;
        }
    }
    Ok(())
}

fn goals(out: &mut String, board: &Board, colours: Colours) -> fmt::Result {
    if board.goals.is_empty() {
        return Ok(());
    }
    let head = format!("  {:NAME$} {:STAGE$}", "GOAL", "TRACK");
    writeln!(out, "\n{}", colours.paint(Look::Heading, head.trim_end()))?;
    for goal in &board.goals {
        let track = padded(words::track(goal), STAGE);
        let track = match goal.track() {
            GoalTrack::OffTrack => colours.paint(Look::Alarm, &track),
            _ => track,
        };
        writeln!(
            out,
            "  {} {track} {}, {}",
            padded(&goal.name, NAME),
            goal.owner,
            words::progress(goal)
        )?;
    }
    Ok(())
}

fn thanks(out: &mut String, board: &Board, colours: Colours) -> fmt::Result {
    if board.recognitions.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", colours.paint(Look::Heading, "  THANKS"))?;
    for recognition in &board.recognitions {
        writeln!(out, "  {}", clean(&words::thanks(recognition)))?;
    }
    Ok(())
}

/// Nothing of a text can move the cursor.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// Exactly so many characters, the end left out where there are more. Nothing of a text can move the cursor.
fn padded(text: &str, width: usize) -> String {
    let clean: Vec<char> = clean(text).chars().collect();
    if clean.len() > width {
        let kept: String = clean.iter().take(width - 1).collect();
        return format!("{kept}…");
    }
    let kept: String = clean.iter().collect();
    format!("{kept:width$}")
}

/// Days as a line of blocks, the highest one full: a picture for a terminal.
pub(crate) fn line(days: &[CourseDay]) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let highest = days.iter().map(|day| day.mentions).max().unwrap_or(0).max(1);
    let block = |day: &CourseDay| {
        let place = day.mentions.max(0) * 7 / highest;
        usize::try_from(place)
            .ok()
            .and_then(|place| BLOCKS.get(place))
            .unwrap_or(&' ')
    };
    days.iter().map(block).collect()
}

#[cfg(test)]
mod tests {
    use attune_api::improvement::v1::{
        Blocker, BlockerKind, BoardSummary, CreditedMember, LaterEvidence, ProjectedVerdict, Recognition,
        Severity, Verdict, VerdictDecision,
    };
    use chrono::{DateTime, Utc};

    use super::*;

    fn recognition() -> Recognition {
        Recognition {
            initiative_title: "Rebook by itself".to_owned(),
            members: vec![CreditedMember {
                member_id: "ada".to_owned(),
                display_name: "Ada\u{1b}[2J Lovelace".to_owned(),
            }],
            employees: 10,
            ..Default::default()
        }
    }

    fn later() -> LaterEvidence {
        LaterEvidence {
            feedback: 31,
            new_persons: 25,
            ..Default::default()
        }
    }

    fn board() -> Board {
        let at = |text: &str| Some(attune_rpc::timestamp(text.parse::<DateTime<Utc>>().unwrap()));
        let blocked = BoardItem {
            title: "Cancelled service".to_owned(),
            product: "united".to_owned(),
            stage: BoardStage::Preparing.into(),
            age_hours: 300,
            iteration: 1,
            blocked_on: Some(Blocker {
                kind: BlockerKind::Action.into(),
                who: "Grace".to_owned(),
                what: "Write\u{1b}[2J the letter".to_owned(),
                due_at: at("2026-03-18T06:00:00Z"),
                ..Default::default()
            }),
            overdue: true,
            cohort_size: 40,
            gone_on: 12,
            later: Some(later()),
            ..Default::default()
        };
        let measured = BoardItem {
            title: "A name that is much longer than any column of a board can be".to_owned(),
            stage: BoardStage::Measuring.into(),
            age_hours: 47,
            iteration: 2,
            blocked_on: Some(Blocker {
                kind: BlockerKind::Measurement.into(),
                what: "feedback after the rollout".to_owned(),
                ..Default::default()
            }),
            projected_verdict: Some(ProjectedVerdict {
                next_look_at: at("2026-04-02T06:00:00Z"),
                due_at: at("2026-04-09T06:00:00Z"),
                looks_taken: 1,
                looks_planned: 2,
                metric: "topic_share".to_owned(),
                smallest_effect: -0.045,
                decision: VerdictDecision::NotYet.into(),
                effect: Some(-0.031),
                low: Some(-0.052),
                high: Some(-0.01),
                looked_at: at("2026-03-26T06:00:00Z"),
                method: "difference_in_differences".to_owned(),
                ..Default::default()
            }),
            split_from_issue_id: "0198c5d2-7a3e-7c41-9f0a-4b1d2c3e4f50".to_owned(),
            ..Default::default()
        };
        Board {
            as_of: "2026-03-20T06:00:00Z".parse().unwrap(),
            summary: BoardSummary {
                issues_in_work: 2,
                actions_overdue: 1,
                ..Default::default()
            },
            items: vec![blocked, measured],
            goals: Vec::new(),
            recognitions: vec![recognition()],
            more: false,
        }
    }

    #[test]
    fn a_board_names_who_is_waited_for_and_what_the_numbers_say() {
        let mut severe = board();
        severe.items[0].severity = Severity::Critical.into();
        let text = table(&severe, Colours(false));
        assert!(!text.contains('\u{1b}'), "a text cannot move the cursor: {text}");
        for words in [
            "0 untouched, 2 in work",
            "! Cancelled service (united)",
            "Grace: Write [2J the letter",
            "2026-03-18",
            "measuring, try 2",
            "└ 12 of its 40 customers went on to issues split from it",
            "└ split from another issue",
            "└ severity: critical",
            "└ 31 more pieces of feedback since, 25 customers among them who were not counted",
            "verdict by 2026-04-09 (look 2 of 2 on 2026-04-02); not decided yet: -3.1 points (-5.2 points to -1.0 \
             points), -4.5 points is wanted, beside what was not changed",
        ] {
            assert!(text.contains(words), "{words} is missing in\n{text}");
        }
        let rows: Vec<&str> = text
            .lines()
            .filter(|line| line.contains(" d  ") || line.contains(" h  "))
            .collect();
        let column = |row: &str| row.chars().position(|c| c == 'd' || c == 'h');
        assert_eq!(rows.len(), 2);
        let ends: Vec<_> = rows.iter().map(|row| row.find("  ").and(column(row))).collect();
        assert!(ends.iter().all(Option::is_some));
    }

    #[test]
    fn who_had_the_idea_is_thanked_as_long_as_it_is_proven() {
        let thanked = "Ada [2J Lovelace, 10 employees who reported it: \"Rebook by itself\" helped";
        let text = table(&board(), Colours(false));
        assert!(text.contains(&format!("THANKS\n  {thanked}\n")), "{text}");
        let mut restated = board();
        restated.recognitions[0].restated_verdict = Some(Verdict {
            decision: VerdictDecision::Inconclusive.into(),
            decided_at: Some(attune_rpc::timestamp("2026-04-20T06:00:00Z".parse().unwrap())),
            ..Default::default()
        });
        let text = table(&restated, Colours(false));
        let words = format!("{thanked}; restated on 2026-04-20: cannot be told");
        assert!(text.contains(&words), "{text}");
    }

    #[test]
    fn colours_are_for_terminals() {
        let text = table(&board(), Colours(true));
        assert!(text.contains("\u{1b}[31m!\u{1b}[0m"), "{text}");
        let plain: String = text
            .replace("\u{1b}[0m", "")
            .replace("\u{1b}[1m", "")
            .replace("\u{1b}[2m", "")
            .replace("\u{1b}[31m", "");
        assert_eq!(plain, table(&board(), Colours(false)));
    }

    #[test]
    fn an_empty_board_says_so() {
        let empty = Board {
            items: Vec::new(),
            ..board()
        };
        assert!(table(&empty, Colours(false)).contains("Nothing is in flight."));
    }

    #[test]
    fn days_are_blocks_as_high_as_their_mentions() {
        let day = |mentions| CourseDay {
            mentions,
            ..Default::default()
        };
        assert_eq!(line(&[day(0), day(4), day(8)]), "▁▄█");
        assert_eq!(line(&[]), "");
    }
}
