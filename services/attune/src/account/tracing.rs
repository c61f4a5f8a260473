//! Walking the loop of an issue in both directions.

use std::collections::BTreeSet;

use attune_api::improvement::v1::get_trace_request::From;
use attune_api::improvement::v1::{GetTraceRequest, GetTraceResponse, Initiative, Issue, LoopProgress};

use super::TraceAccount;
use crate::platform::{PAGE, Platform, ask};

/// Walks from one complaint forward, and from the initiative (or where there is none, the issue) back.
pub(super) async fn walk(
    platform: &Platform,
    issue: &Issue,
    initiatives: &[Initiative],
) -> anyhow::Result<TraceAccount> {
    let start = match initiatives.first() {
        Some(initiative) => From::InitiativeId(initiative.initiative_id.clone()),
        None => From::IssueId(issue.issue_id.clone()),
    };
    let (back, complaints) = all(platform, start).await?;
    let from_feedback = complaints.first().cloned().unwrap_or_default();
    let mut account = TraceAccount {
        issue: issue.issue_id.clone(),
        from_feedback: from_feedback.clone(),
        reached: Vec::new(),
        complaints: i64::try_from(complaints.len()).unwrap_or(i64::MAX),
        complete: false,
    };
    if from_feedback.is_empty() {
        return Ok(account);
    }
    let (forward, _) = all(platform, From::FeedbackId(from_feedback)).await?;
    let progress = forward.progress.unwrap_or_default();
    account.reached = steps(progress);
    account.complete = account.complaints == issue.evidence_size
        && same(issue, &forward)
        && same(issue, &back)
        && initiatives.iter().all(|planned| finds(&forward, planned))
        && follows(progress, initiatives);
    Ok(account)
}

/// A whole trace: its first page, and the complaints of all pages.
async fn all(platform: &Platform, from: From) -> anyhow::Result<(GetTraceResponse, BTreeSet<String>)> {
    let client = platform.traces();
    let mut request = GetTraceRequest {
        page_size: PAGE,
        from: Some(from),
        ..GetTraceRequest::default()
    };
    let mut complaints = BTreeSet::new();
    let mut first = None;
    loop {
        let page = ask("GetTrace", || {
            let (mut client, request) = (client.clone(), request.clone());
            async move { client.get_trace(request).await }
        })
        .await?;
        complaints.extend(page.feedback.iter().map(|feedback| feedback.feedback_id.clone()));
        request.page_token.clone_from(&page.next_page_token);
        let whole = page.next_page_token.is_empty();
        let first = first.get_or_insert(page);
        if whole {
            return Ok((std::mem::take(first), complaints));
        }
    }
}

fn same(issue: &Issue, trace: &GetTraceResponse) -> bool {
    trace
        .issue
        .as_ref()
        .is_some_and(|found| found.issue_id == issue.issue_id)
}

/// Whether the walk found the initiative with all its iterations and their verdicts.
fn finds(trace: &GetTraceResponse, planned: &Initiative) -> bool {
    let verdicts = |initiative: &Initiative| {
        initiative
            .iterations
            .iter()
            .map(|iteration| iteration.verdict.clone())
            .collect::<Vec<_>>()
    };
    trace
        .initiatives
        .iter()
        .any(|found| found.initiative_id == planned.initiative_id && verdicts(found) == verdicts(planned))
}

/// Whether the walk says of each step that it was done if it was.
fn follows(progress: LoopProgress, initiatives: &[Initiative]) -> bool {
    let iterations = || initiatives.iter().flat_map(|initiative| &initiative.iterations);
    let rolled_out = iterations().any(|iteration| iteration.rolled_out_at.is_some());
    let judged = iterations().any(|iteration| iteration.verdict.is_some());
    progress.heard
        && progress.understood
        && progress.planned != initiatives.is_empty()
        && progress.rolled_out == rolled_out
        && (progress.measured || !judged)
}

fn steps(progress: LoopProgress) -> Vec<&'static str> {
    let LoopProgress {
        heard,
        understood,
        planned,
        rolled_out,
        told,
        measured,
        closed,
    } = progress;
    let all = [
        ("heard", heard),
        ("understood", understood),
        ("planned", planned),
        ("rolled out", rolled_out),
        ("told", told),
        ("measured", measured),
        ("closed", closed),
    ];
    all.into_iter()
        .filter(|(_, done)| *done)
        .map(|(name, _)| name)
        .collect()
}
