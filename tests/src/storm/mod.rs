//! Story 1, the storm, told once and played on any platform: five services in one process, or five processes
//! of which some are killed on the way.

mod customers;
mod feedback;
mod owner;
mod patience;
mod world;

use attune_api::feedback::v1 as fb;
use attune_api::improvement::v1::{
    self as imp, InitiativeState, IssueState, TellingState, VerdictDecision, get_trace_request::From,
};
use chrono::{DateTime, TimeDelta, Utc};

pub use world::{Moment, World};

use attune_testkit::{Failure, Tenant};
use feedback::Days;
use owner::Owner;
use patience::ask;

/// The company of the story.
pub const COMPANY: &str = "meadow-air";

/// What the loop came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// How many issues opened.
    pub issues: usize,
    /// Persons in the frozen cohort.
    pub cohort: i64,
    /// Pieces of feedback that speak of it.
    pub evidence: i64,
    /// The verdict of each iteration.
    pub verdicts: Vec<VerdictDecision>,
    /// Told, blocked and failed of each iteration.
    pub told: Vec<(i64, i64, i64)>,
    /// Mails that arrived for persons of the cohort, each counted once.
    pub mails: usize,
    /// Complaints found walking back from the verdict.
    pub traced: usize,
}

/// Plays the story, the time moving by `step` (a part of a day), and asserts what it promises.
///
/// # Panics
/// When a promise is not kept.
pub async fn play(world: &dyn World, step: TimeDelta) -> Result<Account, Failure> {
    let mut days = Days::new(world, step).await?;

    // Three quiet weeks, then something breaks and stays broken.
    days.live(21).await?;
    assert!(
        days.issues().await?.is_empty(),
        "an issue opened while everything was as usual"
    );
    days.break_it();
    let issue = days.until_an_issue_opens(3).await?;
    assert_it_is_the_storm(&days, &issue).await?;

    // An owner turns it into an initiative; the change does not help.
    let mut owner = Owner::new(world).await?;
    owner.plan(&issue).await?;
    days.live(8).await?;
    owner
        .roll_out("We restart the booking system every night")
        .await?;
    days.live(1).await?;
    assert_everyone_is_accounted_for(&owner, &issue, 1).await?;
    let first = days.until_a_verdict(&owner, 1, 14).await?;
    assert_eq!(first.decision(), VerdictDecision::Ineffective, "{}", first.reason);
    assert_eq!(owner.initiative().await?.state(), InitiativeState::Planned);
    let reopened = owner.iteration(2).await?;
    assert!(
        !reopened.reason.is_empty(),
        "the second iteration does not say why there is one"
    );

    // The second one does.
    days.live(3).await?;
    owner
        .roll_out("Crews are planned with a reserve of one in ten")
        .await?;
    days.mend_it();
    let second = days.until_a_verdict(&owner, 2, 14).await?;
    assert_eq!(second.decision(), VerdictDecision::Effective, "{}", second.reason);
    assert!(
        second.high.is_some_and(|high| high < 0.0),
        "the interval does not lie below zero"
    );
    assert_eq!(owner.initiative().await?.state(), InitiativeState::Effective);
    let closed = days.issue(&issue.issue_id).await?;
    assert_eq!(closed.state(), IssueState::Resolved);
    assert_eq!(closed.cohort_size, issue.cohort_size, "the cohort was not frozen");

    world.settle().await?;
    let told = assert_everyone_is_accounted_for(&owner, &issue, 2).await?;
    let traced = assert_the_trace_is_whole(world, &owner, &closed).await?;
    Ok(Account {
        issues: days.issues().await?.len(),
        cohort: closed.cohort_size,
        evidence: closed.evidence_size,
        verdicts: vec![first.decision(), second.decision()],
        told: vec![owner.told(1).await?, told],
        mails: owner.mails_to_customers(),
        traced,
    })
}

/// One issue by itself, with cohort, quotes and numbers.
async fn assert_it_is_the_storm(days: &Days<'_>, issue: &imp::Issue) -> Result<(), Failure> {
    assert_eq!(
        days.issues().await?.len(),
        1,
        "more than one issue for one problem"
    );
    assert_eq!(issue.topic_id, feedback::TOPIC);
    assert!(
        issue.cohort_frozen && issue.cohort_size >= 10,
        "cohort {}",
        issue.cohort_size
    );
    assert!(!issue.quotes.is_empty() && issue.p_value.is_some_and(|p| p < 0.01));

    let request = fb::ExplainHotIssueRequest {
        hot_issue_id: issue.hot_issue_id.clone(),
    };
    let why = ask(async || {
        days.company()
            .hot_issues()
            .explain_hot_issue(request.clone())
            .await
    })
    .await?;
    let hot = why.hot_issue.ok_or("no hot issue")?;
    assert!(
        hot.observed as f64 > hot.expected * 1.5,
        "{} against {}",
        hot.observed,
        hot.expected
    );
    assert!(
        why.explanation.contains(&hot.observed.to_string()),
        "{}",
        why.explanation
    );
    Ok(())
}

/// Exactly the cohort was told: each person sent, or not sent and why. Answers sent, blocked, failed.
async fn assert_everyone_is_accounted_for(
    owner: &Owner<'_>,
    issue: &imp::Issue,
    iteration: i32,
) -> Result<(i64, i64, i64), Failure> {
    let summary = owner
        .iteration(iteration)
        .await?
        .telling
        .ok_or("nobody was told")?;
    assert_eq!(summary.pending, 0, "somebody is still waiting for an outcome");
    let sum = summary.sent + summary.blocked + summary.failed;
    assert_eq!(sum, issue.cohort_size, "the outcomes do not add up to the cohort");
    assert_eq!(summary.blocked_by_reason.values().sum::<i64>(), summary.blocked);
    assert!(summary.sent > 0 && summary.blocked_by_reason.contains_key("no_consent"));

    let tellings = owner.tellings(iteration).await?;
    assert_eq!(i64::try_from(tellings.len())?, issue.cohort_size);
    for telling in tellings
        .iter()
        .filter(|telling| telling.state() != TellingState::Sent)
    {
        assert!(
            !telling.reason.is_empty(),
            "{} was not told, and nobody knows why",
            telling.profile_id
        );
    }
    Ok((summary.sent, summary.blocked, summary.failed))
}

/// From one complaint forward to the verdict, and from the verdict back to every complaint.
async fn assert_the_trace_is_whole(
    world: &dyn World,
    owner: &Owner<'_>,
    issue: &imp::Issue,
) -> Result<usize, Failure> {
    let company = world.company()?;
    let complaints = complaints_of(&company, owner, false).await?;
    assert_eq!(
        i64::try_from(complaints.len())?,
        issue.evidence_size,
        "complaints are missing in the trace"
    );
    let later = issue.later.ok_or("nobody counted what came later")?;
    let all = complaints_of(&company, owner, true).await?;
    assert!(later.feedback > 0, "nobody complained after the cohort was fixed");
    assert_eq!(
        i64::try_from(all.len())?,
        issue.evidence_size + later.feedback,
        "what came later is missing in the trace"
    );
    assert_a_later_complaint_finds_the_issue(&company, &all, issue).await?;

    let one = complaints
        .iter()
        .find(|complaint| !complaint.profile_id.is_empty())
        .ok_or("only strangers")?;
    let from = Some(From::FeedbackId(one.feedback_id.clone()));
    let request = imp::GetTraceRequest {
        from,
        ..imp::GetTraceRequest::default()
    };
    let forward = ask(async || company.trace().get_trace(request.clone()).await).await?;
    let progress = forward.progress.ok_or("no progress")?;
    assert!(
        progress.heard && progress.understood && progress.planned && progress.rolled_out,
        "{progress:?}"
    );
    assert!(
        progress.told && progress.measured && progress.closed,
        "{progress:?}"
    );
    let initiative = forward.initiatives.first().ok_or("no initiative")?;
    let verdict = initiative
        .iterations
        .last()
        .and_then(|last| last.verdict.as_ref())
        .ok_or("no verdict")?;
    assert_eq!(verdict.decision(), VerdictDecision::Effective);
    assert!(
        !forward.tellings.is_empty(),
        "the person's own messages are missing"
    );
    Ok(complaints.len())
}

/// All complaints, page by page, from the initiative back.
async fn complaints_of(
    company: &Tenant,
    owner: &Owner<'_>,
    include_later: bool,
) -> Result<Vec<imp::TracedFeedback>, Failure> {
    let (mut complaints, mut page_token) = (Vec::new(), String::new());
    loop {
        let from = From::InitiativeId(owner.initiative_id().to_owned());
        let request = imp::GetTraceRequest {
            from: Some(from),
            page_size: 200,
            page_token,
            include_later,
        };
        let page = ask(async || company.trace().get_trace(request.clone()).await).await?;
        complaints.extend(page.feedback);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(complaints);
        }
    }
}

/// Who complained when the cohort was fixed already sees what was done as well, and that they came later.
async fn assert_a_later_complaint_finds_the_issue(
    company: &Tenant,
    complaints: &[imp::TracedFeedback],
    issue: &imp::Issue,
) -> Result<(), Failure> {
    let later = complaints
        .iter()
        .find(|complaint| complaint.heard_later_at.is_some())
        .ok_or("no complaint says that it came later")?;
    let request = imp::GetTraceRequest {
        from: Some(From::FeedbackId(later.feedback_id.clone())),
        ..imp::GetTraceRequest::default()
    };
    let found = ask(async || company.trace().get_trace(request.clone()).await).await?;
    assert_eq!(found.issue.ok_or("no issue")?.issue_id, issue.issue_id);
    assert!(found.feedback.contains(later), "it is not in its own trace");
    Ok(())
}

/// The story's first instant: a Monday, midnight.
pub(crate) fn start() -> Result<DateTime<Utc>, Failure> {
    Ok("2026-03-02T00:00:00Z".parse()?)
}
