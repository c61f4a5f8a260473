//! Reading the account from the API.

use anyhow::Context as _;
use attune_api::feedback::v1::{
    CourseDay, DetectionNotice, ExplainHotIssueRequest, ExplainHotIssueResponse, ListDetectionNoticesRequest,
};
use attune_api::improvement::v1::{
    Initiative, InitiativeState, Issue, IssueState, Iteration, ListIssuesRequest, TellingSummary,
    VerdictDecision,
};
use attune_rpc::instant;
use chrono::{DateTime, Utc};
use prost_types::Timestamp;

use super::{
    Account, Counts, InitiativeAccount, IssueAccount, IterationAccount, Mails, NoticeAccount, OpenIteration,
    RejectionAccount, Told, themes, tracing,
};
use crate::board;
use crate::input::Rejection;
use crate::platform::{PAGE, Platform, ask};
use crate::replay::Replayed;

/// What the account needs beside the API.
#[derive(Debug)]
pub(crate) struct Observed {
    pub(crate) input: String,
    pub(crate) until: DateTime<Utc>,
    pub(crate) real_changes: bool,
    pub(crate) rejected: Vec<Rejection>,
    pub(crate) replayed: Replayed,
    /// Mails that arrived, to customers and to departments.
    pub(crate) mails: (u64, u64),
}

/// Collects the account.
pub(crate) async fn collect(platform: &Platform, observed: Observed) -> anyhow::Result<Account> {
    let Observed {
        input,
        until,
        real_changes,
        rejected,
        replayed,
        mails,
    } = observed;
    let mut found = issues(platform).await?;
    found.sort_by_key(|issue| issue.opened_at.and_then(instant));
    let mut issues = Vec::with_capacity(found.len());
    let mut initiatives = Vec::new();
    let mut traces = Vec::with_capacity(found.len());
    let mut told = Told::default();
    for issue in found {
        let planned = board::initiatives_for(platform, &issue.issue_id).await?;
        traces.push(tracing::walk(platform, &issue, &planned).await?);
        for initiative in planned {
            initiatives.push(initiative_account(initiative, until, &mut told));
        }
        let why = explain(platform, &issue).await?;
        let keywords = themes::keywords(platform, &issue).await?;
        let course = board::course(platform, &issue.hot_issue_id).await?;
        issues.push(issue_account(issue, why, keywords, course.days));
    }
    let (to_customers, to_departments) = mails;
    let as_told = i64::try_from(to_customers) == Ok(told.sent);
    Ok(Account {
        input,
        observed_until: until,
        real_changes,
        feedback: counts(rejected, &replayed),
        customers: replayed.customers,
        themes: themes::talked_about(platform, until).await?,
        issues,
        initiatives,
        told,
        mails: Mails {
            to_customers,
            to_departments,
            as_told,
        },
        notices: notices(platform).await?.into_iter().map(notice_account).collect(),
        trace_complete: traces.iter().all(|trace| trace.complete),
        traces,
    })
}

fn counts(mut rejected: Vec<Rejection>, replayed: &Replayed) -> Counts {
    rejected.extend(replayed.refused.iter().cloned());
    rejected.sort_by_key(|rejection| rejection.line);
    let account = |Rejection { line, reason }| RejectionAccount { line, reason };
    Counts {
        accepted: replayed.accepted,
        rejected: rejected.len() as u64,
        duplicates: replayed.duplicates,
        rejections: rejected.into_iter().map(account).collect(),
    }
}

async fn issues(platform: &Platform) -> anyhow::Result<Vec<Issue>> {
    let mut found = Vec::new();
    let mut request = ListIssuesRequest {
        page_size: PAGE,
        ..ListIssuesRequest::default()
    };
    loop {
        let client = platform.issues();
        let page = ask("ListIssues", || {
            let (mut client, request) = (client.clone(), request.clone());
            async move { client.list_issues(request).await }
        })
        .await?;
        found.extend(page.issues);
        if page.next_page_token.is_empty() {
            return Ok(found);
        }
        request.page_token = page.next_page_token;
    }
}

async fn explain(platform: &Platform, issue: &Issue) -> anyhow::Result<ExplainHotIssueResponse> {
    let client = platform.hot_issues();
    let request = ExplainHotIssueRequest {
        hot_issue_id: issue.hot_issue_id.clone(),
    };
    ask("ExplainHotIssue", || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.explain_hot_issue(request).await }
    })
    .await
    .with_context(|| format!("why the issue {:?} was opened", issue.title))
}

async fn notices(platform: &Platform) -> anyhow::Result<Vec<DetectionNotice>> {
    let client = platform.hot_issues();
    let request = ListDetectionNoticesRequest {
        page_size: PAGE,
        ..Default::default()
    };
    let listed = ask("ListDetectionNotices", || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.list_detection_notices(request).await }
    });
    let mut notices = listed.await?.notices;
    notices.reverse();
    Ok(notices)
}

fn issue_account(
    issue: Issue,
    why: ExplainHotIssueResponse,
    keywords: Vec<String>,
    days: Vec<CourseDay>,
) -> IssueAccount {
    let hot = why.hot_issue.unwrap_or_default();
    IssueAccount {
        state: word(issue.state().as_str_name(), "ISSUE_STATE_"),
        closed_at: closed_at(&issue),
        issue_id: issue.issue_id,
        hot_issue_id: issue.hot_issue_id,
        title: issue.title,
        topic: issue.topic_id,
        product: issue.product,
        opened_at: at(issue.opened_at),
        window_start: at(issue.window_start),
        subsided_at: at(hot.ended_at),
        observed: hot.observed,
        expected: hot.expected,
        p_value: issue.p_value,
        q_value: hot.q_value,
        tested: why.tested,
        comparable_windows: why.comparable_windows,
        cohort: issue.cohort_size,
        evidence: issue.evidence_size,
        explanation: why.explanation,
        keywords,
        quotes: issue.quotes,
        days,
    }
}

fn closed_at(issue: &Issue) -> Option<DateTime<Utc>> {
    at(issue.closed_at).filter(|_| issue.state() == IssueState::Resolved)
}

fn initiative_account(initiative: Initiative, until: DateTime<Utc>, told: &mut Told) -> InitiativeAccount {
    let state = word(initiative.state().as_str_name(), "INITIATIVE_STATE_");
    let ended = matches!(
        initiative.state(),
        InitiativeState::Effective | InitiativeState::Stopped
    );
    let mut iterations = Vec::new();
    let mut open_iteration = None;
    for iteration in initiative.iterations {
        told.add(&told_about(iteration.telling.as_ref()));
        match judged(&iteration) {
            Some(account) => iterations.push(account),
            None if ended => {}
            None => open_iteration = Some(open(iteration, until)),
        }
    }
    InitiativeAccount {
        initiative_id: initiative.initiative_id,
        issue: initiative.issue_id,
        title: initiative.title,
        hypothesis: initiative.hypothesis,
        owner: initiative.owner,
        state,
        iterations,
        open_iteration,
    }
}

/// The account of an iteration that has a final verdict.
fn judged(iteration: &Iteration) -> Option<IterationAccount> {
    let verdict = iteration.verdict.as_ref()?;
    let word = match verdict.decision() {
        VerdictDecision::Effective => "effective",
        VerdictDecision::Ineffective => "ineffective",
        VerdictDecision::Inconclusive => "inconclusive",
        VerdictDecision::NotYet | VerdictDecision::Unspecified => return None,
    };
    Some(IterationAccount {
        number: iteration.number,
        change: iteration.change.clone(),
        rolled_out_at: at(iteration.rolled_out_at),
        baseline: iteration.plan.as_ref().map(|plan| plan.baseline),
        verdict: word,
        decided_at: at(verdict.decided_at),
        effect: verdict.effect,
        relative_effect: verdict.relative_effect,
        interval: verdict.low.zip(verdict.high).map(|(low, high)| [low, high]),
        level: verdict.level,
        n: verdict.n_after,
        n_before: verdict.n_before,
        method: verdict.method.clone(),
        reason: verdict.reason.clone(),
        assumptions: verdict.assumptions.clone(),
        told: told_about(iteration.telling.as_ref()),
    })
}

fn open(iteration: Iteration, until: DateTime<Utc>) -> OpenIteration {
    let looks = iteration.plan.map(|plan| plan.looks).unwrap_or_default();
    OpenIteration {
        number: iteration.number,
        because: iteration.reason,
        change: iteration.change,
        rolled_out_at: at(iteration.rolled_out_at),
        next_look: looks.into_iter().filter_map(instant).find(|look| *look > until),
        told: told_about(iteration.telling.as_ref()),
    }
}

fn told_about(telling: Option<&TellingSummary>) -> Told {
    let telling = telling.cloned().unwrap_or_default();
    Told {
        sent: telling.sent,
        blocked: telling.blocked_by_reason,
        pending: telling.pending,
        failed: telling.failed,
    }
}

fn notice_account(notice: DetectionNotice) -> NoticeAccount {
    NoticeAccount {
        kind: notice.kind,
        product: notice.product,
        noticed_at: at(notice.noticed_at),
        description: notice.description,
    }
}

fn at(timestamp: Option<Timestamp>) -> Option<DateTime<Utc>> {
    timestamp.and_then(instant)
}

/// An enum value as a word: `IN_WORK` as `in work`.
fn word(name: &str, prefix: &str) -> String {
    name.trim_start_matches(prefix).to_lowercase().replace('_', " ")
}
