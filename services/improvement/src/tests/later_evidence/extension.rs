//! Cohorts that people extend by those who spoke later.

use attune_api::improvement::v1 as pb;
use attune_rpc::{Page, Reason, RequestKey, Violations};
use uuid::Uuid;

use super::{Told, complaint};
use crate::commands::cohort_extension::{self, Extend};
use crate::commands::issue;
use crate::commands::trace::From;
use crate::domain::{CohortExtension, Issue, Member, OwedBecause, Statement};
use crate::error::Error;
use crate::tests::platform::{Platform, at, once, repeated};

fn command(issue_id: Uuid) -> Extend {
    Extend {
        issue_id,
        etag: String::new(),
        statement: Statement {
            by: "Grace".to_owned(),
            reason: "they were hit by the same".to_owned(),
        },
        key: once("ExtendCohort"),
    }
}

impl Platform {
    async fn extend(&self, extend: Extend) -> Result<(Issue, CohortExtension), Error> {
        cohort_extension::extend(&self.db, &self.tenant, extend).await
    }

    async fn cohort(&self, issue: &Issue) -> Vec<Member> {
        let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
        let (members, _) = issue::cohort(&self.db, &self.tenant, issue.issue_id, &page)
            .await
            .unwrap();
        members
    }

    /// One on each page.
    async fn extensions(&self, issue: &Issue) -> Vec<CohortExtension> {
        let (mut all, mut token) = (Vec::new(), String::new());
        loop {
            let page = Page::parse(1, &token, &"", &mut Violations::default()).unwrap();
            let (some, next) = cohort_extension::list(&self.db, &self.tenant, issue.issue_id, &page)
                .await
                .unwrap();
            all.extend(some);
            if next.is_empty() {
                return all;
            }
            token = next;
        }
    }
}

fn refusal(refused: Result<(Issue, CohortExtension), Error>) -> String {
    match refused {
        Err(Error::WrongState(refused)) => refused.message,
        other => panic!("{other:?}"),
    }
}

/// Somebody says it twice, one of the cohort once more, and somebody nobody knows.
fn of_two_persons_and_nobody(hit: Uuid) -> [Told; 4] {
    let one = complaint();
    let by = |profile_id| Told {
        profile_id,
        ..complaint()
    };
    [one, by(one.profile_id), by(Some(hit)), by(None)]
}

#[tokio::test]
async fn everybody_who_spoke_joins_once_and_nobody_leaves() {
    let platform = Platform::start().await;
    let (issue, members) = platform.issue(2).await;
    let hit: Uuid = members[0].profile_id.parse().unwrap();
    let all = of_two_persons_and_nobody(hit);
    let one = all[0];
    platform.hear_said(&all).await;
    let (extended, extension) = platform.extend(command(issue.issue_id)).await.unwrap();
    assert_eq!(
        (extension.members_joined, extension.evidence_joined),
        (1, 4),
        "two persons spoke, and one was of the cohort"
    );
    assert_eq!(
        (
            extension.rule.as_str(),
            extension.said_by.as_str(),
            extension.reason.as_str()
        ),
        ("later/1", "Grace", "they were hit by the same")
    );
    assert_eq!(
        (extended.cohort_size, extended.evidence_size, extended.version),
        (3, 6, issue.version + 1)
    );
    assert!(extended.priority > issue.priority);
    let now = platform.issue_now(issue.issue_id).await;
    assert_eq!((now.cohort_size, now.evidence_size), (3, 6));
    assert_eq!(platform.later(&issue).await, (0, 0, 0, 0));
    for member in platform.cohort(&issue).await {
        let joined = Some(member.profile_id) == one.profile_id;
        let expected = joined.then_some(extension.cohort_extension_id);
        assert_eq!((member.extended_by, member.joined_by), (expected, None));
    }
    let found = platform
        .trace_of(From::Feedback(one.feedback_id), false)
        .await
        .unwrap();
    assert!(found.feedback.len() == 2 && found.feedback.iter().all(|said| said.heard_later_at.is_none()));
    let [told] = platform
        .told_of::<pb::IssueCohortExtended>()
        .await
        .try_into()
        .unwrap();
    assert_eq!(
        (
            told.issue.unwrap().cohort_size,
            told.extension.unwrap().members_joined
        ),
        (3, 1)
    );
}

#[tokio::test]
async fn who_joined_is_told_by_the_next_rollout_and_owed_an_answer_as_the_others() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(1).await;
    platform.hear_said(&[complaint()]).await;
    let id = platform.prepared(issue.issue_id).await.initiative_id;
    platform.extend(command(issue.issue_id)).await.unwrap();
    platform.hand.advance_to(at("2026-03-12T06:00:00Z"));
    platform.roll_out(id, None).await.unwrap();
    let owed = platform.owed_of(&issue, false).await;
    assert_eq!(owed.len(), 2);
    assert!(
        owed.iter()
            .all(|owed| owed.because == OwedBecause::Pending && !owed.reached.later),
        "{owed:?}"
    );
}

#[tokio::test]
async fn what_is_said_after_an_extension_is_later_again_and_each_extension_is_kept() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(1).await;
    platform.hear_said(&[complaint()]).await;
    let (_, first) = platform.extend(command(issue.issue_id)).await.unwrap();
    platform.hear_said(&[complaint(), complaint()]).await;
    assert_eq!(platform.later(&issue).await, (2, 0, 2, 2));
    let (extended, second) = platform.extend(command(issue.issue_id)).await.unwrap();
    assert_eq!(extended.cohort_size, 4);
    assert_eq!(platform.extensions(&issue).await, [second, first]);
}

#[tokio::test]
async fn a_cohort_is_not_extended_while_it_is_measured_nor_by_nobody() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(1).await;
    let refused = refusal(platform.extend(command(issue.issue_id)).await);
    assert!(refused.contains("nobody would join"), "{refused}");
    platform.hear_said(&[complaint()]).await;
    let old = Extend {
        etag: "v0".to_owned(),
        ..command(issue.issue_id)
    };
    let refused: attune_rpc::Error = platform.extend(old).await.unwrap_err().into();
    assert_eq!(refused.reason(), Reason::EtagMismatch);
    let id = platform.prepared(issue.issue_id).await.initiative_id;
    platform.hand.advance_to(at("2026-03-12T06:00:00Z"));
    platform.roll_out(id, None).await.unwrap();
    let refused = refusal(platform.extend(command(issue.issue_id)).await);
    assert!(refused.contains("when that is over"), "{refused}");
    let now = platform.issue_now(issue.issue_id).await;
    assert_eq!((now.cohort_size, now.evidence_size), (1, 1));
    assert!(platform.extensions(&issue).await.is_empty());
    assert_eq!(platform.later(&issue).await, (1, 0, 1, 1));
    let missing = Uuid::now_v7();
    let refused = platform.extend(command(missing)).await.unwrap_err();
    assert!(matches!(refused, Error::NoIssue(id) if id == missing));
}

#[tokio::test]
async fn a_repeated_extension_answers_the_same_and_takes_nobody_more() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(1).await;
    platform.hear_said(&[complaint()]).await;
    let request = Uuid::now_v7();
    let ask = |key: RequestKey| Extend {
        key,
        ..command(issue.issue_id)
    };
    let (_, first) = platform
        .extend(ask(repeated("ExtendCohort", request)))
        .await
        .unwrap();
    platform.hear_said(&[complaint()]).await;
    let (now, again) = platform
        .extend(ask(repeated("ExtendCohort", request)))
        .await
        .unwrap();
    assert_eq!((first, now.cohort_size), (again, 2));
    assert_eq!(platform.later(&issue).await, (1, 0, 1, 1));
}

#[tokio::test]
async fn two_who_extend_a_cohort_at_once_make_one_extension() {
    let platform = Platform::start().await;
    let (issue, _) = platform.issue(1).await;
    platform.hear_said(&[complaint(), complaint()]).await;
    let (one, other) = tokio::join!(
        platform.extend(command(issue.issue_id)),
        platform.extend(command(issue.issue_id))
    );
    assert_ne!(one.is_ok(), other.is_ok());
    let [extension] = platform.extensions(&issue).await.try_into().unwrap();
    assert_eq!((extension.members_joined, extension.evidence_joined), (2, 2));
}

#[tokio::test]
async fn who_went_on_by_a_split_and_spoke_of_the_whole_since_is_owed_by_it_again() {
    let platform = Platform::start().await;
    let (issue, members) = platform.issue(2).await;
    let ada: Uuid = members[0].profile_id.parse().unwrap();
    let said: Uuid = members[0].feedback_ids[0].parse().unwrap();
    platform.split_vouchers_off(issue.issue_id, said).await;
    let more = Told {
        profile_id: Some(ada),
        ..complaint()
    };
    platform.hear_said(&[more]).await;
    let before = platform.issue_now(issue.issue_id).await;
    let (extended, extension) = platform.extend(command(issue.issue_id)).await.unwrap();
    assert_eq!((before.gone_on, extended.gone_on), (1, 0));
    assert_eq!(
        (extension.members_joined, extended.cohort_size),
        (0, 2),
        "she was of it"
    );
    let owed = platform.owed_of(&issue, false).await;
    assert!(owed.iter().any(|owed| owed.reached.profile_id == ada));
}

#[tokio::test]
async fn of_very_much_the_oldest_joins_and_the_rest_by_the_next_extension() {
    let platform = Platform::start().await;
    let issue = platform.reported(1, "united").await;
    let most = usize::try_from(CohortExtension::MOST).unwrap();
    let mut said: Vec<Told> = (0..=most).map(|_| complaint()).collect();
    said.sort_by_key(|one| one.feedback_id);
    platform.hear_said(&said).await;
    let (extended, first) = platform.extend(command(issue.issue_id)).await.unwrap();
    assert_eq!(
        (first.members_joined, extended.later.unwrap().feedback),
        (CohortExtension::MOST, 1)
    );
    let newest = said.last().unwrap();
    let found = platform.trace_of(From::Feedback(newest.feedback_id), false).await;
    assert!(found.unwrap().feedback[0].heard_later_at.is_some());
    let (extended, second) = platform.extend(command(issue.issue_id)).await.unwrap();
    assert_eq!(
        (second.members_joined, extended.cohort_size),
        (1, CohortExtension::MOST + 2)
    );
}
