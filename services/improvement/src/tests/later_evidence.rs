//! What customers say of an issue after its cohort was fixed.

mod extension;
mod merges;
mod owed;

use attune_api::feedback::v1 as feedback;
use attune_events::Event;
use attune_rpc::{Page, Violations, timestamp};
use uuid::Uuid;

use super::platform::{Platform, at, frozen, member, opened};
use crate::commands::owed as owing;
use crate::commands::trace::{self, Beginning, From};
use crate::commands::{board, issue};
use crate::domain::{Issue, IssueState, LaterEvidence, Owed, TermKind};
use crate::error::Error;
use crate::events::{HotIssues, SaidByCustomers};

const TOPIC: &str = "cancelled_service";
/// After the issue of these tests was found.
const AFTER: &str = "2026-03-02T07:00:00Z";

/// A piece of feedback as it is told.
#[derive(Clone, Copy)]
struct Told {
    feedback_id: Uuid,
    profile_id: Option<Uuid>,
    topic: &'static str,
    product: &'static str,
    sentiment: feedback::Sentiment,
    occurred_at: &'static str,
}

/// Somebody complains of what the issue is about.
fn complaint() -> Told {
    Told {
        feedback_id: Uuid::now_v7(),
        profile_id: Some(Uuid::now_v7()),
        topic: TOPIC,
        product: "united",
        sentiment: feedback::Sentiment::Negative,
        occurred_at: AFTER,
    }
}

impl Platform {
    fn told_as(&self, told: Told) -> Event {
        let mention = feedback::TopicMention {
            topic_id: told.topic.to_owned(),
            ..Default::default()
        };
        let submitted = feedback::FeedbackSubmitted {
            feedback_id: told.feedback_id.to_string(),
            profile_id: told.profile_id.map(|id| id.to_string()).unwrap_or_default(),
            product: told.product.to_owned(),
            understanding: Some(feedback::Understanding {
                sentiment: told.sentiment.into(),
                topics: vec![mention],
                ..Default::default()
            }),
            occurred_at: Some(timestamp(at(told.occurred_at))),
            ..Default::default()
        };
        self.event(told.feedback_id, &submitted)
    }

    async fn hear_said(&self, told: &[Told]) {
        let events: Vec<_> = told.iter().map(|told| self.told_as(*told)).collect();
        self.hear(&SaidByCustomers, &events).await.unwrap();
    }

    /// Pieces of feedback, of nobody known, persons, and those who are not of the cohort, at this moment.
    async fn later(&self, issue: &Issue) -> (i64, i64, i64, i64) {
        numbers(self.issue_now(issue.issue_id).await.later.unwrap().0)
    }

    async fn trace_of(&self, from: From, include_later: bool) -> Result<trace::Trace, Error> {
        let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
        let beginning = Beginning { from, include_later };
        trace::get(&self.db, &self.tenant, beginning, &page).await
    }

    /// Who is owed an answer by an issue, page by page of one person.
    async fn owed_of(&self, issue: &Issue, include_later: bool) -> Vec<Owed> {
        let list = owing::List {
            issue_id: Some(issue.issue_id),
            because: None,
            include_later,
        };
        let (mut all, mut token) = (Vec::new(), String::new());
        loop {
            let page = Page::parse(1, &token, &"", &mut Violations::default()).unwrap();
            let (owed, next) = owing::list(&self.db, &self.tenant, list, &page).await.unwrap();
            all.extend(owed);
            if next.is_empty() {
                return all;
            }
            token = next;
        }
    }
}

fn numbers(later: LaterEvidence) -> (i64, i64, i64, i64) {
    (
        later.feedback,
        later.nobody_known,
        later.persons,
        later.new_persons,
    )
}

#[tokio::test]
async fn a_later_complaint_is_evidence_of_the_issue_and_the_cohort_stays() {
    let platform = Platform::start().await;
    let (issue, members) = platform.issue(2).await;
    assert_eq!(platform.later(&issue).await, (0, 0, 0, 0));
    let stranger = complaint();
    let again = Told {
        profile_id: Some(members[0].profile_id.parse().unwrap()),
        ..complaint()
    };
    let nobodys = Told {
        profile_id: None,
        ..complaint()
    };
    let more = Told {
        profile_id: stranger.profile_id,
        sentiment: feedback::Sentiment::Neutral,
        ..complaint()
    };
    platform.hear_said(&[stranger, again, nobodys, more]).await;

    let now = platform.issue_now(issue.issue_id).await;
    assert_eq!(numbers(now.later.unwrap().0), (4, 1, 2, 1));
    assert_eq!(
        (now.cohort_size, now.evidence_size, now.version),
        (2, 2, issue.version)
    );
    let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
    let (cohort, _) = issue::cohort(&platform.db, &platform.tenant, issue.issue_id, &page)
        .await
        .unwrap();
    assert!(cohort.len() == 2 && cohort.iter().all(|member| member.feedback_ids.len() == 1));
    for (include_later, complaints) in [(false, 2), (true, 6)] {
        let all = platform
            .trace_of(From::Issue(issue.issue_id), include_later)
            .await
            .unwrap();
        assert_eq!(all.feedback.len(), complaints);
    }
}

#[tokio::test]
async fn a_later_complaint_leads_to_the_issue_and_says_that_it_came_later() {
    let platform = Platform::start().await;
    let (issue, members) = platform.issue(1).await;
    let said: Uuid = members[0].feedback_ids[0].parse().unwrap();
    let again = Told {
        profile_id: Some(members[0].profile_id.parse().unwrap()),
        ..complaint()
    };
    let nobodys = Told {
        profile_id: None,
        ..complaint()
    };
    platform.hear_said(&[again, nobodys]).await;
    let heard_at = Some(platform.db.clock().now());
    let cases = [
        // All that the person said, from either end.
        (
            again.feedback_id,
            vec![(said, None), (again.feedback_id, heard_at)],
        ),
        (said, vec![(said, None), (again.feedback_id, heard_at)]),
        (nobodys.feedback_id, vec![(nobodys.feedback_id, heard_at)]),
    ];
    for (from, expected) in cases {
        let found = platform.trace_of(From::Feedback(from), false).await.unwrap();
        assert_eq!(found.issue.issue_id, issue.issue_id);
        let complaints: Vec<_> = found
            .feedback
            .iter()
            .map(|one| (one.feedback_id, one.heard_later_at))
            .collect();
        assert_eq!(complaints, expected);
    }
}

#[tokio::test]
async fn what_the_cohort_is_made_from_did_not_come_later_in_whatever_order_it_is_heard() {
    let platform = Platform::start().await;
    let hot_issue_id = Uuid::now_v7();
    let (ada, ben) = (member(1), member(1));
    let of = |member: &feedback::CohortMember| Told {
        feedback_id: member.feedback_ids[0].parse().unwrap(),
        profile_id: Some(member.profile_id.parse().unwrap()),
        ..complaint()
    };
    let open = platform.event(hot_issue_id, &opened(hot_issue_id));
    platform.hear(&HotIssues, &[open]).await.unwrap();
    // The one is heard before the cohort arrives, the other after.
    platform.hear_said(&[of(&ada)]).await;
    let part = frozen(hot_issue_id, (1, 1), vec![ada.clone(), ben.clone()], &[]);
    platform
        .hear(&HotIssues, &[platform.event(hot_issue_id, &part)])
        .await
        .unwrap();
    platform.hear_said(&[of(&ben), of(&ben)]).await;
    let issue = platform.issues().await.remove(0);
    assert_eq!(platform.later(&issue).await, (0, 0, 0, 0));
    let all = platform
        .trace_of(From::Issue(issue.issue_id), true)
        .await
        .unwrap();
    assert_eq!(all.feedback.len(), 2, "each once");
    assert!(all.feedback.iter().all(|one| one.heard_later_at.is_none()));
    assert_eq!(platform.owed_of(&issue, true).await.len(), 2);

    let more = complaint();
    platform.hear_said(&[more, more]).await;
    platform.hear_said(&[more]).await;
    assert_eq!(
        platform.later(&issue).await,
        (1, 0, 1, 1),
        "however often it is told"
    );
}

#[tokio::test]
async fn praise_other_matters_and_what_was_said_before_the_problem_are_no_evidence() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(1).await;
    let others = [
        Told {
            sentiment: feedback::Sentiment::Positive,
            ..complaint()
        },
        Told {
            topic: "food",
            ..complaint()
        },
        Told {
            product: "delta",
            ..complaint()
        },
        Told {
            product: "",
            ..complaint()
        },
        // A second before the window in which the problem was found.
        Told {
            occurred_at: "2026-03-01T05:59:59Z",
            ..complaint()
        },
    ];
    platform.hear_said(&others).await;
    assert_eq!(platform.later(&issue).await, (0, 0, 0, 0));
    for other in others {
        let missing = platform.trace_of(From::Feedback(other.feedback_id), true).await;
        assert!(matches!(missing, Err(Error::NoTrace("feedback", _))));
    }
    // Of the window, and too late for the cohort.
    let late = Told {
        occurred_at: "2026-03-01T06:00:00Z",
        ..complaint()
    };
    platform.hear_said(&[late]).await;
    assert_eq!(platform.later(&issue).await, (1, 0, 1, 1));
}

#[tokio::test]
async fn of_several_issues_of_a_topic_the_one_of_the_product_then_the_one_worked_on_then_the_newest() {
    let platform = Platform::start().await;
    let everywhere = platform.reported(1, "").await;
    let older = platform.reported(1, "united").await;
    let newer = platform.reported(1, "united").await;
    let elsewhere = Told {
        product: "delta",
        ..complaint()
    };
    platform.hear_said(&[complaint(), elsewhere]).await;
    platform.plan(older.issue_id).await.unwrap();
    platform.hear_said(&[complaint(), complaint()]).await;
    let mut counted = Vec::new();
    for issue in [&everywhere, &older, &newer] {
        counted.push(platform.later(issue).await.0);
    }
    assert_eq!(counted, [1, 2, 1]);
}

#[tokio::test]
async fn an_issue_that_is_over_grows_no_more_and_keeps_what_it_has() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(1).await;
    platform.hear_said(&[complaint()]).await;
    let id = platform.prepared(issue.issue_id).await.initiative_id;
    platform.world.level(at("2026-03-01T06:00:00Z"), 6);
    platform.world.level(at("2026-03-12T06:00:00Z"), 1);
    platform.hand.advance_to(at("2026-03-12T06:00:00Z"));
    platform.roll_out(id, None).await.unwrap();
    let between = Told {
        occurred_at: "2026-03-12T06:00:00Z",
        ..complaint()
    };
    platform.hear_said(&[between]).await;
    assert_eq!(platform.later(&issue).await, (2, 0, 2, 2), "while it is in work");
    platform.advance_to(at("2026-04-09T06:00:00Z")).await;
    let over = platform.issue_now(issue.issue_id).await;
    assert_eq!(over.state, IssueState::Resolved);
    let after = Told {
        occurred_at: "2026-04-09T06:00:00Z",
        ..complaint()
    };
    platform.hear_said(&[after]).await;
    assert_eq!(platform.later(&issue).await, (2, 0, 2, 2));
    let missing = platform.trace_of(From::Feedback(after.feedback_id), true).await;
    assert!(matches!(missing, Err(Error::NoTrace("feedback", _))));
}

#[tokio::test]
async fn lists_and_the_board_say_up_to_when_it_is_counted_and_the_priority_explains_it() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(1).await;
    let opened_at = platform.db.clock().now();
    platform.hear_said(&[complaint(), complaint()]).await;
    let listed = platform.issues().await[0].later.unwrap().0;
    assert_eq!((listed.feedback, listed.counted_at), (0, opened_at));
    platform.priorities_at(at("2026-03-03T00:00:00Z")).await;
    let page = Page::parse(50, "", &"", &mut Violations::default()).unwrap();
    let board = board::get(&platform.db, &platform.tenant, None, &page)
        .await
        .unwrap();
    let listed = platform.issues().await[0].later.unwrap().0;
    for later in [board.items[0].later.unwrap(), listed] {
        assert_eq!(numbers(later), (2, 0, 2, 2));
        assert_eq!(later.counted_at, at("2026-03-03T00:00:00Z"));
    }
    let (_, priority) = platform.explained(issue.issue_id).await;
    let trend = priority.terms.iter().find(|term| term.kind == TermKind::Trend);
    let explanation = &trend.unwrap().explanation;
    assert!(
        explanation.contains("2 more pieces of feedback came: 2 known persons, 2 of them not of the cohort"),
        "{explanation}"
    );
}
