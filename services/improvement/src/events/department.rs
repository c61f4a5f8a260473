//! What the departments concerned are told.

use std::fmt::Write as _;

use attune_api::improvement::v1 as pb;
use attune_database::Tx;

use super::news;
use crate::convert;
use crate::domain::{
    Action, Decision, Department, Initiative, Issue, Metric, TeamMember, Verdict, held_up_by, moved,
};

/// They are told what is planned.
pub(super) async fn planned(
    tx: &mut Tx,
    issue: &Issue,
    initiative: &mut Initiative,
) -> Result<(), sqlx::Error> {
    let subject = format!("Planned: {}", initiative.title);
    let body = format!(
        "{owner} has planned an initiative that concerns you.\n\n\
         Issue: {issue}\n\
         Customers hit: {hit}\n\
         Initiative: {title}\n\
         Hypothesis: {hypothesis}\n\
         Target: {metric} {falls} by at least {percent:.0} %, judged at most {days} days after the rollout.\n",
        owner = initiative.owner,
        issue = issue.title,
        hit = issue.members_staying(),
        title = initiative.title,
        hypothesis = initiative.hypothesis,
        metric = initiative.target.metric.in_words(),
        falls = initiative.target.metric.wanted(),
        percent = initiative.target.smallest_relative_effect * 100.0,
        days = initiative.target.deadline_days,
    );
    let departments = initiative.departments.clone();
    append(tx, initiative, departments, "planned".to_owned(), (subject, body)).await
}

/// They are told what came of an iteration.
pub(crate) async fn department_verdict(
    tx: &mut Tx,
    issue: &Issue,
    initiative: &mut Initiative,
    iteration: i32,
    verdict: &Verdict,
) -> Result<(), sqlx::Error> {
    let subject = format!("Verdict on {}: {}", initiative.title, verdict.decision.in_words());
    let next = match verdict.decision {
        Decision::Effective => "The issue is resolved and the initiative has reached its target.".to_owned(),
        Decision::Ineffective | Decision::Inconclusive => {
            format!("The initiative goes on with iteration {}.", iteration + 1)
        }
        Decision::NotYet => String::new(),
    };
    let body = format!(
        "Iteration {iteration} of the initiative \"{title}\" was judged: {decision}.\n\n\
         Issue: {issue}\n\
         Why: {reason}\n\
         Effect: {effect}\n\
         Feedback compared: {before} pieces before, {after} after\n\n{next}\n",
        title = initiative.title,
        decision = verdict.decision.in_words(),
        issue = issue.title,
        reason = verdict.reason,
        effect = effect_in_words(initiative.target.metric, verdict)
            .unwrap_or_else(|| "it could not be measured".to_owned()),
        before = verdict.n_before,
        after = verdict.n_after,
    );
    let departments = initiative.departments.clone();
    let occasion = format!("verdict-{iteration}");
    append(tx, initiative, departments, occasion, (subject, body)).await
}

/// An action is overdue; with the last step the departments are to know, and the members who own one of them.
pub(crate) async fn action_overdue(
    tx: &mut Tx,
    initiative: &mut Initiative,
    action: &Action,
    owners: &[TeamMember],
) -> Result<(), sqlx::Error> {
    let event = pb::ActionOverdue {
        initiative_id: initiative.initiative_id.to_string(),
        iteration: initiative.current.number,
        action: Some(convert::iteration::action_to_proto(action.clone())),
        initiative_owner: initiative.owner.clone(),
        department_owner_ids: owners.iter().map(|owner| owner.member_id.clone()).collect(),
        held_up_by: held_up_by(&initiative.current.actions, action)
            .into_iter()
            .map(|before| convert::iteration::action_to_proto(before.clone()))
            .collect(),
    };
    news::action_overdue(tx, initiative, action).await?;
    super::append(tx, initiative, &event).await?;
    if action.next_escalation().is_some() {
        return Ok(());
    }
    let letter = overdue_letter(initiative, action, owners);
    let mut recipients = initiative.departments.clone();
    recipients.extend(owners.iter().map(|owner| Department {
        name: owner.department.clone(),
        email: owner.email.clone(),
    }));
    let occasion = format!("overdue-{}", action.action_id);
    append(tx, initiative, recipients, occasion, letter).await
}

fn overdue_letter(initiative: &Initiative, action: &Action, owners: &[TeamMember]) -> (String, String) {
    let due = action
        .due_at
        .map(|due| due.format("%Y-%m-%d").to_string())
        .unwrap_or_default();
    let mut body = format!(
        "An action of the initiative \"{title}\" was due on {due} and is not done.\n\n\
         Action: {action}\n\
         Who does it: {owner}\n\
         Who answers for the initiative: {answers}\n",
        title = initiative.title,
        action = action.title,
        owner = action.owner,
        answers = initiative.owner,
    );
    for before in held_up_by(&initiative.current.actions, action) {
        // Writing into a String cannot fail.
        let _ = writeln!(
            body,
            "Waits for: \"{}\", which {} does",
            before.title, before.owner
        );
    }
    for owner in owners {
        // Writing into a String cannot fail.
        let _ = writeln!(
            body,
            "Who answers for the department {}: {}",
            owner.department, owner.display_name
        );
    }
    (format!("Overdue: {}", action.title), body)
}

/// How the metric moved; `None` where that could not be measured.
pub(super) fn effect_in_words(metric: Metric, verdict: &Verdict) -> Option<String> {
    let interval = verdict.low.zip(verdict.high)?;
    let moved = moved(verdict.effect?, interval, verdict.level);
    Some(format!("{} {moved}", metric.in_words()))
}

async fn append(
    tx: &mut Tx,
    initiative: &mut Initiative,
    recipients: Vec<Department>,
    occasion: String,
    (subject, body): (String, String),
) -> Result<(), sqlx::Error> {
    if recipients.is_empty() {
        return Ok(());
    }
    let departments = recipients
        .into_iter()
        .map(convert::initiative::department_to_proto);
    let event = pb::DepartmentTellingRequested {
        initiative_id: initiative.initiative_id.to_string(),
        occasion,
        departments: departments.collect(),
        subject,
        body,
    };
    super::append(tx, initiative, &event).await
}
