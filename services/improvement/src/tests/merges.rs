//! One issue of two that are the same.

use attune_api::feedback::v1 as feedback;
use attune_api::improvement::v1 as pb;
use attune_rpc::{Page, RequestKey, Violations, timestamp};
use uuid::Uuid;

use super::platform::{Platform, at, frozen, member, once, opened, repeated};
use crate::commands::merge::{self, Merge};
use crate::commands::trace::{self, Beginning, From};
use crate::commands::{initiative, issue, owed, relation};
use crate::domain::{Issue, IssueRelation, IssueState, Member, RelationKind, Statement};
use crate::error::Error;
use crate::events::HotIssues;

impl Platform {
    pub(super) async fn merge_as(
        &self,
        (merged, survivor): (Uuid, Uuid),
        key: RequestKey,
    ) -> Result<Issue, Error> {
        let merge = Merge {
            survivor_id: survivor,
            merged_id: merged,
            statement: Statement {
                by: "Ada".to_owned(),
                reason: "the same cancellations".to_owned(),
            },
            key,
        };
        merge::merge(&self.db, &self.tenant, merge).await
    }

    async fn merge(&self, merged: &Issue, survivor: &Issue) -> Result<Issue, Error> {
        let ends = (merged.issue_id, survivor.issue_id);
        self.merge_as(ends, once("MergeIssues")).await
    }

    pub(super) async fn relations(&self, id: Uuid) -> Vec<IssueRelation> {
        let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
        relation::list(&self.db, &self.tenant, id, &page).await.unwrap().0
    }

    async fn members(&self, id: Uuid) -> Vec<Member> {
        let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
        issue::cohort(&self.db, &self.tenant, id, &page).await.unwrap().0
    }

    async fn traced(&self, from: From) -> trace::Trace {
        let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
        let beginning = Beginning {
            from,
            include_later: false,
        };
        trace::get(&self.db, &self.tenant, beginning, &page)
            .await
            .unwrap()
    }

    async fn hear_of(&self, hot_issue_id: Uuid, payload: &impl prost::Name) {
        let event = self.event(hot_issue_id, payload);
        self.hear(&HotIssues, &[event]).await.unwrap();
    }
}

fn refusal(refused: Result<Issue, Error>) -> String {
    match refused {
        Err(Error::WrongState(refused)) => refused.message,
        other => panic!("{other:?}"),
    }
}

/// A hot issue of all products now, and somebody who joined it by that.
fn widened(
    hot_issue_id: Uuid,
    joined: feedback::CohortMember,
) -> (feedback::HotIssueWidened, feedback::HotIssueCohortExtended) {
    let mut hot_issue = opened(hot_issue_id).hot_issue.unwrap();
    hot_issue.product = String::new();
    hot_issue.widened_at = Some(timestamp(at("2026-03-02T09:00:00Z")));
    let extended = feedback::HotIssueCohortExtended {
        hot_issue_id: hot_issue_id.to_string(),
        part: 1,
        parts: 1,
        members: vec![joined],
        anonymous_feedback_ids: Vec::new(),
    };
    let widened = feedback::HotIssueWidened {
        hot_issue: Some(hot_issue),
        rule: "hot_issue_widening/1".to_owned(),
        explanation: "It spread.".to_owned(),
    };
    (widened, extended)
}

#[tokio::test]
async fn persons_and_evidence_join_the_survivor_once_and_the_merge_is_recorded() {
    let platform = Platform::start().await;
    let (found, members) = platform.issue(3).await;
    let survivor = platform.reported(2, "united").await;
    // One of them is hit by both.
    let both: Uuid = members[0].profile_id.parse().unwrap();
    let mut tx = platform.db.system(&platform.tenant).await.unwrap();
    sqlx::query("INSERT INTO improvement.cohort_member VALUES ($1, $2, 'acme')")
        .bind(survivor.issue_id)
        .bind(both)
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();

    let merged = platform.merge(&found, &survivor).await.unwrap();
    assert_eq!(merged.issue_id, survivor.issue_id);
    assert_eq!(
        (merged.title.as_str(), merged.topic_id.as_str()),
        ("2 are hit", "cancelled_service")
    );
    assert_eq!((merged.cohort_size, merged.evidence_size), (4, 5));
    let [relation] = platform.relations(survivor.issue_id).await.try_into().unwrap();
    assert_eq!(
        (relation.kind, relation.rule.as_str()),
        (RelationKind::MergedInto, "merge/1")
    );
    assert_eq!((relation.members_joined, relation.evidence_joined), (2, 3));
    assert_eq!(
        (relation.said_by.as_str(), relation.related_at),
        ("Ada", platform.db.clock().now())
    );
    let joined = platform.members(survivor.issue_id).await;
    let brought = joined.iter().filter(|member| member.joined_by.is_some()).count();
    assert_eq!(
        (joined.len(), brought),
        (5, 2),
        "who was there before stays as they were"
    );
    assert!(
        joined
            .iter()
            .all(|member| { member.joined_by.is_none_or(|by| by == relation.issue_relation_id) })
    );

    let gone = platform.issue_now(found.issue_id).await;
    assert_eq!(
        (gone.state, gone.merged_into),
        (IssueState::Merged, Some(survivor.issue_id))
    );
    assert_eq!(
        (gone.cohort_size, platform.members(found.issue_id).await.len()),
        (3, 3)
    );
    assert!(gone.priority.abs() < f64::EPSILON && merged.priority >= 4.0);
    let explained = platform.explained(found.issue_id).await.1;
    assert!(explained.explanation(gone.state).starts_with("It was merged"));
    let told = platform.told_of::<pb::IssuesMerged>().await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].issue.as_ref().unwrap().cohort_size, 4);
}

#[tokio::test]
async fn a_repeated_merge_answers_the_same_and_changes_nothing() {
    let platform = Platform::start().await;
    let (one, other) = (platform.reported(1, "").await, platform.reported(1, "").await);
    let (ends, request) = ((one.issue_id, other.issue_id), Uuid::now_v7());
    let first = platform
        .merge_as(ends, repeated("MergeIssues", request))
        .await
        .unwrap();
    let again = platform
        .merge_as(ends, repeated("MergeIssues", request))
        .await
        .unwrap();
    assert_eq!(
        (first.version, first.cohort_size),
        (again.version, again.cohort_size)
    );
    assert_eq!(platform.relations(one.issue_id).await.len(), 1);
}

#[tokio::test]
async fn a_merge_is_refused_where_somebody_works_or_measures_and_changes_nothing() {
    let platform = Platform::start().await;
    let (survivor, _) = platform.issue(2).await;
    let other = platform.reported(1, "").await;
    let initiative_id = platform.prepared(survivor.issue_id).await.initiative_id;
    let worked_on = refusal(platform.merge(&survivor, &other).await);
    assert!(worked_on.contains("merge the other way round"), "{worked_on}");
    platform.roll_out(initiative_id, None).await.unwrap();
    let measured = refusal(platform.merge(&other, &survivor).await);
    assert!(measured.contains("being measured"), "{measured}");
    assert_eq!(platform.issue_now(other.issue_id).await.state, IssueState::Open);
    assert!(platform.relations(survivor.issue_id).await.is_empty());
    assert_eq!(platform.members(survivor.issue_id).await.len(), 2);
    let missing = Issue {
        issue_id: Uuid::now_v7(),
        ..other.clone()
    };
    let refused = platform.merge(&missing, &other).await.unwrap_err();
    assert!(matches!(refused, Error::NoIssue(id) if id == missing.issue_id));
}

#[tokio::test]
async fn two_who_merge_two_issues_into_each_other_at_once_leave_one_of_them() {
    let platform = Platform::start().await;
    let (one, other) = (platform.reported(1, "").await, platform.reported(2, "").await);
    let (there, back) = tokio::join!(platform.merge(&one, &other), platform.merge(&other, &one));
    assert_ne!(there.is_ok(), back.is_ok());
    let states = [
        platform.issue_now(one.issue_id).await.state,
        platform.issue_now(other.issue_id).await.state,
    ];
    assert!(states.contains(&IssueState::Open) && states.contains(&IssueState::Merged));
}

#[tokio::test]
async fn a_trace_leads_to_the_issue_that_goes_on_with_all_that_was_done_before() {
    let platform = Platform::start().await;
    let (first, members) = platform.issue(1).await;
    let initiative_id = platform.prepared(first.issue_id).await.initiative_id;
    let stop = initiative::Stop {
        initiative_id,
        by: "ada".to_owned(),
        reason: "it is the same as another".to_owned(),
        key: once("StopInitiative"),
    };
    initiative::stop(&platform.db, &platform.tenant, stop)
        .await
        .unwrap();
    let second = platform.reported(1, "").await;
    let third = platform.reported(1, "").await;
    platform.merge(&first, &second).await.unwrap();
    platform.merge(&second, &third).await.unwrap();
    platform.plan(third.issue_id).await.unwrap();

    let said: Uuid = members[0].feedback_ids[0].parse().unwrap();
    for from in [
        From::Feedback(said),
        From::Issue(first.issue_id),
        From::Issue(second.issue_id),
        From::Issue(third.issue_id),
        From::Initiative(initiative_id),
    ] {
        let found = platform.traced(from).await;
        assert_eq!(found.issue.issue_id, third.issue_id, "{from:?}");
        assert_eq!(found.initiatives.len(), 2, "{from:?}");
        assert_eq!(found.initiatives[0].initiative_id, initiative_id);
        let complaints = if from == From::Feedback(said) { 1 } else { 3 };
        assert_eq!(found.feedback.len(), complaints, "{from:?}");
    }
}

#[tokio::test]
async fn who_was_hit_by_both_is_owed_one_answer() {
    let platform = Platform::start().await;
    let (one, other) = (platform.reported(2, "").await, platform.reported(1, "").await);
    platform.merge(&one, &other).await.unwrap();
    for issue_id in [None, Some(one.issue_id), Some(other.issue_id)] {
        let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
        let list = owed::List {
            issue_id,
            because: None,
            include_later: false,
        };
        let (owed, _) = owed::list(&platform.db, &platform.tenant, list, &page)
            .await
            .unwrap();
        assert_eq!(owed.len(), 3);
        assert!(owed.iter().all(|owed| owed.reached.issue_id == other.issue_id));
    }
}

#[tokio::test]
async fn what_is_found_about_the_hot_issue_of_a_merged_one_lands_on_the_survivor() {
    let platform = Platform::start().await;
    let (found, _) = platform.issue(2).await;
    let survivor = platform.reported(1, "united").await;
    platform.merge(&found, &survivor).await.unwrap();
    let hot_issue_id = found.hot_issue_id.unwrap();
    let (widened, extended) = widened(hot_issue_id, member(1));
    for _ in 0..2 {
        platform.hear_of(hot_issue_id, &widened).await;
        platform.hear_of(hot_issue_id, &extended).await;
    }
    let now = platform.issue_now(survivor.issue_id).await;
    assert_eq!((now.product.as_str(), now.cohort_size), ("", 4));
    assert!(now.priority >= 4.0);
    let merge = &platform.relations(found.issue_id).await[0];
    let members = platform.members(survivor.issue_id).await;
    let brought = members
        .iter()
        .filter(|member| member.joined_by == Some(merge.issue_relation_id));
    assert_eq!(brought.count(), 3);
    assert_eq!(
        platform.issue_now(found.issue_id).await.cohort_size,
        2,
        "it keeps what it had"
    );
    assert_eq!(platform.told_of::<pb::IssueWidened>().await.len(), 1);
}

#[tokio::test]
async fn the_next_hot_issue_of_a_merged_topic_joins_the_survivor_when_its_cohort_is_there() {
    let platform = Platform::start().await;
    let (found, _) = platform.issue(2).await;
    let survivor = platform.reported(1, "").await;
    platform.merge(&found, &survivor).await.unwrap();
    platform.issue(3).await;
    let merged: Vec<_> = platform
        .issues()
        .await
        .into_iter()
        .filter(|issue| issue.state == IssueState::Merged)
        .collect();
    assert_eq!(merged.len(), 2);
    assert!(
        merged
            .iter()
            .all(|issue| issue.merged_into == Some(survivor.issue_id))
    );
    assert_eq!(platform.issue_now(survivor.issue_id).await.cohort_size, 6);
    let relations = platform.relations(survivor.issue_id).await;
    assert_eq!(
        (relations[0].said_by.as_str(), relations[0].members_joined),
        ("", 3)
    );
    assert!(relations[0].reason.contains("same topic and product"));
}

#[tokio::test]
async fn while_the_survivor_is_measured_a_new_hot_issue_stays_by_itself_and_nobody_joins() {
    let platform = Platform::start().await;
    let (found, _) = platform.issue(2).await;
    let survivor = platform.reported(2, "").await;
    platform.merge(&found, &survivor).await.unwrap();
    let initiative_id = platform.prepared(survivor.issue_id).await.initiative_id;
    platform.roll_out(initiative_id, None).await.unwrap();
    let (again, _) = platform.issue(1).await;
    assert_eq!((again.state, again.cohort_frozen), (IssueState::Open, true));
    let hot_issue_id = found.hot_issue_id.unwrap();
    let (widened, extended) = widened(hot_issue_id, member(1));
    platform.hear_of(hot_issue_id, &widened).await;
    platform.hear_of(hot_issue_id, &extended).await;
    assert_eq!(platform.issue_now(survivor.issue_id).await.cohort_size, 4);
    // A part that comes again after all changes nothing either.
    platform
        .hear_of(hot_issue_id, &frozen(hot_issue_id, (1, 1), vec![member(1)], &[]))
        .await;
    assert_eq!(platform.issue_now(survivor.issue_id).await.cohort_size, 4);
}
