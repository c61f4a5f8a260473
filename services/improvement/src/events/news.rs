//! What is written down for the digests beside what is told.

use attune_database::Tx;

use super::department::effect_in_words;
use crate::domain::{
    Action, Decision, Initiative, Issue, News, NewsKind, Origin, Thanks, Verdict, held_up_by,
};
use crate::store;

pub(super) async fn issue_opened(tx: &mut Tx, issue: &Issue) -> Result<(), sqlx::Error> {
    let how = match issue.origin {
        Origin::Detected => "was found in what customers say",
        Origin::Reported => "was reported",
        Origin::Employees => "was reported by employees",
        Origin::Split => "was split from another issue",
    };
    let product = if issue.product.is_empty() || issue.title.contains(&issue.product) {
        String::new()
    } else {
        format!(" ({})", issue.product)
    };
    let news = News {
        kind: NewsKind::IssueOpened,
        issue_id: issue.issue_id,
        initiative_id: None,
        iteration: 0,
        sentence: line(&format!("\"{}\"{product} {how}.", issue.title)),
        departments: Vec::new(),
    };
    store::news::record(tx, &news, (&issue.topic_id, &issue.product)).await
}

pub(super) async fn planned(tx: &mut Tx, initiative: &Initiative, issue: &Issue) -> Result<(), sqlx::Error> {
    let sentence = format!(
        "{} planned \"{}\" for \"{}\".",
        initiative.owner, initiative.title, issue.title
    );
    record(tx, initiative, (NewsKind::InitiativePlanned, 1), &sentence).await
}

pub(super) async fn rolled_out(tx: &mut Tx, initiative: &Initiative) -> Result<(), sqlx::Error> {
    let number = initiative.current.number;
    let sentence = format!(
        "\"{}\" reached the customers{}.",
        initiative.title,
        try_in_words(number)
    );
    record(tx, initiative, (NewsKind::InitiativeRolledOut, number), &sentence).await
}

pub(super) async fn stopped(tx: &mut Tx, initiative: &Initiative) -> Result<(), sqlx::Error> {
    let how = if initiative.is_declined() {
        "was proposed and not approved"
    } else {
        "was stopped"
    };
    let sentence = format!("\"{}\" {how}: {}", initiative.title, initiative.stopped_reason);
    let what = (NewsKind::InitiativeStopped, initiative.current.number);
    record(tx, initiative, what, &sentence).await
}

pub(super) async fn action_overdue(
    tx: &mut Tx,
    initiative: &Initiative,
    action: &Action,
) -> Result<(), sqlx::Error> {
    let due = action
        .due_at
        .map(|due| format!(" was due on {} and", due.format("%-d %B %Y")))
        .unwrap_or_default();
    let held_up = held_up_by(&initiative.current.actions, action).first().copied();
    let waits = held_up
        .map(|before| {
            format!(
                ", because it waits for \"{}\", which {} does",
                before.title, before.owner
            )
        })
        .unwrap_or_default();
    let knows = match action.escalation {
        // Who waits for another is not to blame.
        ..=1 => format!("{} was reminded", held_up.unwrap_or(action).owner),
        2 => format!("{} knows, who answers for it", initiative.owner),
        3.. => "the departments know".to_owned(),
    };
    let sentence = format!(
        "\"{}\", which {} does for \"{}\",{due} is not done{waits}; {knows}.",
        action.title, action.owner, initiative.title
    );
    let what = (NewsKind::ActionOverdue, initiative.current.number);
    record(tx, initiative, what, &sentence).await
}

/// Looks that leave it open are no news.
pub(super) async fn verdict_reached(
    tx: &mut Tx,
    initiative: &Initiative,
    iteration: i32,
    verdict: &Verdict,
) -> Result<(), sqlx::Error> {
    if verdict.decision == Decision::NotYet {
        return Ok(());
    }
    let before = store::verdict::decided_before(tx, (initiative.initiative_id, iteration)).await?;
    let (title, tried) = (&initiative.title, try_in_words(iteration));
    let said = verdict.decision.in_words();
    let moved = effect_in_words(initiative.target.metric, verdict);
    let moved = moved.as_deref().unwrap_or(&verdict.reason);
    let (kind, sentence) = match before {
        None => (
            NewsKind::VerdictStated,
            format!("\"{title}\"{tried}: {said}; {moved}."),
        ),
        Some(before) => {
            let before = before.in_words();
            let sentence = format!("\"{title}\"{tried}: before, {before}; now, {said}; {moved}.");
            (NewsKind::VerdictRestated, sentence)
        }
    };
    record(tx, initiative, (kind, iteration), &sentence).await
}

/// Names stand in no news: they can be taken back until a letter is sent.
pub(super) async fn recognised(
    tx: &mut Tx,
    initiative: &Initiative,
    thanks: &Thanks,
    named: bool,
) -> Result<(), sqlx::Error> {
    let to = match (named, thanks.employees) {
        (_, 0) => "to those whose idea it was".to_owned(),
        (false, employees) => format!("to {employees} employees who reported the problem"),
        (true, employees) => {
            format!("to those whose idea it was, and to {employees} employees who reported the problem")
        }
    };
    let sentence = format!("\"{}\" helped: thanks go {to}.", initiative.title);
    record(
        tx,
        initiative,
        (NewsKind::Recognised, thanks.iteration),
        &sentence,
    )
    .await
}

async fn record(
    tx: &mut Tx,
    initiative: &Initiative,
    (kind, iteration): (NewsKind, i32),
    sentence: &str,
) -> Result<(), sqlx::Error> {
    let departments = initiative.departments.iter();
    let news = News {
        kind,
        issue_id: initiative.issue_id,
        initiative_id: Some(initiative.initiative_id),
        iteration,
        sentence: line(sentence),
        departments: departments.map(|department| department.name.clone()).collect(),
    };
    store::news::record(tx, &news, ("", "")).await
}

/// The first try needs no number.
fn try_in_words(iteration: i32) -> String {
    if iteration > 1 {
        format!(" (try {iteration})")
    } else {
        String::new()
    }
}

/// One line of a letter, whatever a title holds.
fn line(sentence: &str) -> String {
    sentence.split_whitespace().collect::<Vec<_>>().join(" ")
}
