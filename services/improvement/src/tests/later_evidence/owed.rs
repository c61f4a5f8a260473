//! Who spoke later, and what they are owed.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{Told, complaint};
use crate::commands::split::{self, Parted, Split};
use crate::commands::trace::From;
use crate::domain::{Owed, OwedBecause, Part, Statement};
use crate::events::HotIssues;
use crate::tests::platform::{Platform, at, frozen, member, once, opened};

impl Platform {
    /// Makes an issue of its own of one piece of an issue's evidence.
    pub(super) async fn split_vouchers_off(&self, issue_id: Uuid, feedback_id: Uuid) -> Parted {
        let split = Split {
            issue_id,
            etag: String::new(),
            part: Part {
                title: "Vouchers are refused".to_owned(),
                description: String::new(),
                topic_id: "vouchers".to_owned(),
                product: "united".to_owned(),
            },
            feedback_ids: vec![feedback_id],
            statement: Statement {
                by: "Ada".to_owned(),
                reason: "vouchers are another matter".to_owned(),
            },
            key: once("SplitIssue"),
        };
        split::split(&self.db, &self.tenant, split).await.unwrap()
    }
}

#[tokio::test]
async fn who_spoke_later_is_owed_an_answer_where_that_is_asked_for() {
    let platform = Platform::start().await;
    let (issue, members) = platform.issue(2).await;
    let hit: Uuid = members[0].profile_id.parse().unwrap();
    let (one, other) = (complaint(), complaint());
    let again = Told {
        profile_id: Some(hit),
        ..complaint()
    };
    let twice = Told {
        profile_id: one.profile_id,
        ..complaint()
    };
    let nobodys = Told {
        profile_id: None,
        ..complaint()
    };
    platform.hear_said(&[one, other, again, twice, nobodys]).await;
    let cohort: BTreeSet<Uuid> = members
        .iter()
        .map(|member| member.profile_id.parse().unwrap())
        .collect();
    let persons = |owed: &[Owed], later: bool| -> BTreeSet<Uuid> {
        let owed = owed.iter().filter(|owed| owed.reached.later == later);
        owed.map(|owed| owed.reached.profile_id).collect()
    };
    let owed = platform.owed_of(&issue, false).await;
    assert_eq!((owed.len(), persons(&owed, false)), (2, cohort.clone()));
    let owed = platform.owed_of(&issue, true).await;
    let spoke = BTreeSet::from([one.profile_id.unwrap(), other.profile_id.unwrap()]);
    assert_eq!(owed.len(), 4, "nobody twice");
    assert_eq!((persons(&owed, false), persons(&owed, true)), (cohort, spoke));

    let id = platform.prepared(issue.issue_id).await.initiative_id;
    platform.hand.advance_to(at("2026-03-12T06:00:00Z"));
    platform.roll_out(id, None).await.unwrap();
    for owed in platform.owed_of(&issue, true).await {
        let expected = if owed.reached.later {
            OwedBecause::NotAnnounced
        } else {
            OwedBecause::Pending
        };
        assert_eq!(owed.because, expected, "a rollout tells the cohort");
    }
}

#[tokio::test]
async fn who_went_on_by_a_split_is_owed_by_the_whole_only_for_what_they_say_after_it() {
    let platform = Platform::start().await;
    let hot_issue_id = Uuid::now_v7();
    let (ada, ben) = (member(1), member(1));
    let (ada_id, said): (Uuid, Uuid) = (
        ada.profile_id.parse().unwrap(),
        ada.feedback_ids[0].parse().unwrap(),
    );
    let open = platform.event(hot_issue_id, &opened(hot_issue_id));
    platform.hear(&HotIssues, &[open]).await.unwrap();
    // Heard before it turns out to be of the cohort.
    let of_the_cohort = Told {
        feedback_id: said,
        profile_id: Some(ada_id),
        ..complaint()
    };
    platform.hear_said(&[of_the_cohort]).await;
    let part = frozen(hot_issue_id, (1, 1), vec![ada, ben], &[]);
    platform
        .hear(&HotIssues, &[platform.event(hot_issue_id, &part)])
        .await
        .unwrap();
    let whole = platform.issues().await.remove(0);
    let parted = platform.split_vouchers_off(whole.issue_id, said).await;
    platform.plan(whole.issue_id).await.unwrap();

    let found = platform.trace_of(From::Feedback(said), false).await.unwrap();
    assert_eq!(found.issue.issue_id, parted.part.issue_id);
    let owed = platform.owed_of(&whole, true).await;
    assert!(
        owed.iter().all(|owed| owed.reached.profile_id != ada_id),
        "{owed:?}"
    );

    let more = Told {
        profile_id: Some(ada_id),
        ..complaint()
    };
    platform.hear_said(&[more]).await;
    let owed = platform.owed_of(&whole, true).await;
    let again = owed.iter().find(|owed| owed.reached.profile_id == ada_id);
    assert!(again.unwrap().reached.later);
    assert_eq!(platform.later(&whole).await, (1, 0, 1, 0), "she is of the cohort");
}

#[tokio::test]
async fn a_trace_of_an_issue_that_only_later_complaints_speak_of_was_heard() {
    let platform = Platform::start().await;
    let issue = platform.reported(0, "united").await;
    let heard = async |from| platform.trace_of(from, false).await.unwrap().progress.heard;
    assert!(!heard(From::Issue(issue.issue_id)).await);
    let one = complaint();
    platform.hear_said(&[one]).await;
    for from in [From::Feedback(one.feedback_id), From::Issue(issue.issue_id)] {
        assert!(heard(from).await, "{from:?}");
    }
}
