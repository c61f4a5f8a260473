//! The loop followed from its ends.

use std::collections::BTreeSet;

use attune_api::notifications::v1::MessageState;
use attune_rpc::{Page, Violations};
use uuid::Uuid;

use super::platform::{Platform, at, frozen, member, once, opened};
use crate::commands::issue::{self, Create};
use crate::commands::trace::{Beginning, From, Trace, get};
use crate::domain::{Cohort, LoopProgress, Member, Report, TellingState};
use crate::error::Error;
use crate::events::HotIssues;

async fn trace(platform: &Platform, from: From) -> Result<Trace, Error> {
    let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
    get(&platform.db, &platform.tenant, beginning(from), &page).await
}

fn beginning(from: From) -> Beginning {
    Beginning {
        from,
        include_later: false,
    }
}

fn ids(trace: &Trace) -> BTreeSet<String> {
    trace
        .feedback
        .iter()
        .map(|feedback| feedback.feedback_id.to_string())
        .collect()
}

const CLOSED: LoopProgress = LoopProgress {
    heard: true,
    understood: true,
    planned: true,
    rolled_out: true,
    told: true,
    measured: true,
    closed: true,
};

#[tokio::test]
async fn from_any_complaint_to_the_verdict_and_from_the_verdict_to_every_complaint() {
    let platform = Platform::start().await;
    let (issue, members) = platform.issue(4).await;
    let initiative_id = platform.prepared(issue.issue_id).await.initiative_id;
    platform.world.level(at("2026-03-01T06:00:00Z"), 6);
    platform.world.level(at("2026-03-12T06:00:00Z"), 1);
    platform.hand.advance_to(at("2026-03-12T06:00:00Z"));
    platform.roll_out(initiative_id, None).await.unwrap();
    let begun = trace(&platform, From::Issue(issue.issue_id))
        .await
        .unwrap()
        .progress;
    assert_eq!(
        begun,
        LoopProgress {
            told: false,
            measured: false,
            closed: false,
            ..CLOSED
        }
    );

    let states = [
        MessageState::Sent,
        MessageState::Blocked,
        MessageState::Failed,
        MessageState::Sent,
    ];
    let outcomes = members
        .iter()
        .zip(states)
        .map(|(member, state)| platform.outcome((initiative_id, 1), &member.profile_id, state, ""));
    platform.hear_outcomes(&outcomes.collect::<Vec<_>>()).await;
    platform.advance_to(at("2026-04-09T06:00:00Z")).await;

    let said = &members[1].feedback_ids[0];
    let forward = trace(&platform, From::Feedback(said.parse().unwrap()))
        .await
        .unwrap();
    assert_eq!(ids(&forward), BTreeSet::from([said.clone()]));
    assert_eq!(forward.issue.issue_id, issue.issue_id);
    assert_eq!(forward.initiatives[0].initiative_id, initiative_id);
    assert_eq!(
        (forward.tellings.len(), forward.tellings[0].state),
        (1, TellingState::Blocked)
    );
    assert_eq!(forward.progress, CLOSED);

    let everything: BTreeSet<_> = members
        .iter()
        .flat_map(|member| member.feedback_ids.clone())
        .collect();
    for from in [From::Initiative(initiative_id), From::Issue(issue.issue_id)] {
        let back = trace(&platform, from).await.unwrap();
        assert_eq!(ids(&back), everything);
        assert_eq!((back.progress, back.tellings.len()), (CLOSED, 0));
    }

    let message_id = forward.tellings[0].message_id.unwrap();
    let of_message = trace(&platform, From::Message(message_id)).await.unwrap();
    assert_eq!(ids(&of_message), ids(&forward));
    assert_eq!(of_message.tellings, forward.tellings);
}

#[tokio::test]
async fn a_complaint_of_nobody_known_leads_to_the_issue_and_shows_nobody_s_complaints() {
    let platform = Platform::start().await;
    let (hot_issue_id, nobody) = (Uuid::now_v7(), Uuid::now_v7());
    let part = frozen(hot_issue_id, (1, 1), vec![member(2)], &[nobody, Uuid::now_v7()]);
    platform
        .hear(&HotIssues, &[platform.event(hot_issue_id, &opened(hot_issue_id))])
        .await
        .unwrap();
    platform
        .hear(&HotIssues, &[platform.event(hot_issue_id, &part)])
        .await
        .unwrap();
    let found = trace(&platform, From::Feedback(nobody)).await.unwrap();
    assert_eq!(ids(&found), BTreeSet::from([nobody.to_string()]));
    assert_eq!((found.feedback[0].profile_id, found.tellings.len()), (None, 0));
    assert!(found.progress.understood && !found.progress.planned);
}

#[tokio::test]
async fn complaints_come_in_pages_and_each_once() {
    let platform = Platform::start().await;
    let (issue, members) = platform.issue(7).await;
    let (mut token, mut seen) = (String::new(), Vec::new());
    loop {
        let page = Page::parse(3, &token, &"", &mut Violations::default()).unwrap();
        let part = get(
            &platform.db,
            &platform.tenant,
            beginning(From::Issue(issue.issue_id)),
            &page,
        )
        .await
        .unwrap();
        seen.extend(
            part.feedback
                .iter()
                .map(|feedback| feedback.feedback_id.to_string()),
        );
        if part.next.is_empty() {
            break;
        }
        token = part.next;
    }
    let mut expected: Vec<_> = members
        .into_iter()
        .flat_map(|member| member.feedback_ids)
        .collect();
    expected.sort();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn of_several_issues_a_complaint_leads_to_the_one_that_is_worked_on() {
    let platform = Platform::start().await;
    let (issue, members) = platform.issue(1).await;
    platform.plan(issue.issue_id).await.unwrap();
    let feedback_id: Uuid = members[0].feedback_ids[0].parse().unwrap();
    let said = Member::new(members[0].profile_id.parse().unwrap(), vec![feedback_id]);
    let report = Report {
        title: "The same from the help desk".to_owned(),
        description: String::new(),
        topic_id: String::new(),
        product: String::new(),
        cohort: Cohort {
            members: vec![said],
            anonymous: Vec::new(),
        },
    };
    let create = Create {
        report,
        key: once("CreateIssue"),
    };
    let reported = issue::create(&platform.db, &platform.tenant, create)
        .await
        .unwrap();
    assert!(reported.cohort_frozen && reported.evidence_size == 1);
    let found = trace(&platform, From::Feedback(feedback_id)).await.unwrap();
    assert_eq!(found.issue.issue_id, issue.issue_id);
}

#[tokio::test]
async fn what_nobody_knows_has_no_trace() {
    let platform = Platform::start().await;
    let id = Uuid::now_v7();
    for from in [
        From::Feedback(id),
        From::Issue(id),
        From::Initiative(id),
        From::Message(id),
    ] {
        let missing: attune_rpc::Error = trace(&platform, from).await.unwrap_err().into();
        assert_eq!(missing.code(), attune_rpc::Code::NotFound);
    }
}

/// As many complaints as `TRACE_COMPLAINTS` says, each of a person who was told: what a call costs is printed.
#[tokio::test]
#[allow(clippy::print_stderr)] // the figure of docs/measurements.md
async fn a_call_about_a_large_loop_answers_a_page_of_it_and_knows_how_far_it_is() {
    let complaints = std::env::var("TRACE_COMPLAINTS").map_or(5_000, |count| count.parse().unwrap());
    let platform = Platform::start().await;
    let (issue, members) = platform.issue(1).await;
    let initiative_id = platform.prepared(issue.issue_id).await.initiative_id;
    platform.hand.advance_to(at("2026-03-12T06:00:00Z"));
    platform.roll_out(initiative_id, None).await.unwrap();
    let mut tx = platform.db.system(&platform.tenant).await.unwrap();
    // Making them may take longer than a statement of the service may.
    sqlx::query("SET LOCAL statement_timeout = 0")
        .execute(&mut *tx)
        .await
        .unwrap();
    for statement in [
        "INSERT INTO improvement.cohort_member SELECT $1, gen_random_uuid(), 'acme' FROM generate_series(2, $2)",
        "INSERT INTO improvement.evidence SELECT issue_id, gen_random_uuid(), profile_id, tenant_id
         FROM improvement.cohort_member
         WHERE issue_id = $1 AND profile_id NOT IN (SELECT profile_id FROM improvement.evidence) LIMIT $2",
        "INSERT INTO improvement.telling (initiative_id, iteration, profile_id, tenant_id, state, reason, decided_at)
         SELECT i.initiative_id, 1, m.profile_id, m.tenant_id, 'sent', '', now()
         FROM improvement.cohort_member m JOIN improvement.initiative i ON i.issue_id = m.issue_id
         WHERE m.issue_id = $1 LIMIT $2 ON CONFLICT DO NOTHING",
    ] {
        sqlx::query(statement)
            .bind(issue.issue_id)
            .bind(complaints)
            .execute(&mut *tx)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();

    let first: Uuid = members[0].feedback_ids[0].parse().unwrap();
    for from in [
        From::Issue(issue.issue_id),
        From::Initiative(initiative_id),
        From::Feedback(first),
    ] {
        let begun = std::time::Instant::now();
        let found = trace(&platform, from).await.unwrap();
        eprintln!(
            "{from:?} of {complaints}: {:.1} ms",
            begun.elapsed().as_secs_f64() * 1e3
        );
        let one = matches!(from, From::Feedback(_));
        assert_eq!(found.feedback.len(), if one { 1 } else { 200 });
        assert_eq!(found.next.is_empty(), one, "the rest is on further pages");
        let told = found.initiatives[0].current.telling.as_ref().unwrap();
        assert_eq!((told.sent, told.pending), (i64::from(complaints) - 1, 1));
        assert!(found.progress.rolled_out && !found.progress.told);
    }
}
