//! Issues that have to do with each other.

use attune_api::improvement::v1 as pb;
use attune_rpc::Reason;
use uuid::Uuid;

use super::platform::{Platform, once, repeated};
use crate::commands::relation::{self, Relate};
use crate::domain::{IssueRelation, RelationKind, Statement};
use crate::error::Error;

impl Platform {
    async fn relate(&self, ends: (Uuid, Uuid), kind: RelationKind) -> Result<IssueRelation, Error> {
        self.relate_as(ends, kind, None).await
    }

    async fn relate_as(
        &self,
        (from, to): (Uuid, Uuid),
        kind: RelationKind,
        request: Option<Uuid>,
    ) -> Result<IssueRelation, Error> {
        let key = request.map_or_else(|| once("RelateIssues"), |id| repeated("RelateIssues", id));
        let statement = Statement {
            by: "Grace".to_owned(),
            reason: "the one follows from the other".to_owned(),
        };
        let relate = Relate {
            from,
            to,
            kind,
            statement,
            key,
        };
        relation::relate(&self.db, &self.tenant, relate).await
    }

    async fn three(&self) -> [Uuid; 3] {
        let mut ids = [Uuid::nil(); 3];
        for id in &mut ids {
            *id = self.reported(1, "").await.issue_id;
        }
        ids
    }
}

#[tokio::test]
async fn a_relation_says_who_when_and_why_at_both_ends() {
    let platform = Platform::start().await;
    let [one, other, _] = platform.three().await;
    let made = platform.relate((one, other), RelationKind::Causes).await.unwrap();
    assert_eq!(
        (made.said_by.as_str(), made.related_at),
        ("Grace", platform.db.clock().now())
    );
    for id in [one, other] {
        assert_eq!(platform.relations(id).await, std::slice::from_ref(&made));
    }
    assert_eq!(platform.told_of::<pb::IssuesRelated>().await.len(), 1);
}

#[tokio::test]
async fn what_is_recorded_once_is_not_recorded_again_in_either_direction() {
    let platform = Platform::start().await;
    let [one, other, _] = platform.three().await;
    let request = Some(Uuid::now_v7());
    let made = platform
        .relate_as((other, one), RelationKind::Related, request)
        .await
        .unwrap();
    let again = platform
        .relate_as((other, one), RelationKind::Related, request)
        .await
        .unwrap();
    assert_eq!(made, again);
    for ends in [(one, other), (other, one)] {
        let refused = platform.relate(ends, RelationKind::Related).await.unwrap_err();
        assert!(matches!(refused, Error::RelationExists), "{refused}");
    }
    // Of another kind there may be one.
    platform.relate((one, other), RelationKind::PartOf).await.unwrap();
}

#[tokio::test]
async fn nothing_brings_about_itself_by_way_of_others() {
    let platform = Platform::start().await;
    let [one, two, three] = platform.three().await;
    platform.relate((one, two), RelationKind::Causes).await.unwrap();
    platform.relate((two, three), RelationKind::Causes).await.unwrap();
    for ends in [(three, one), (two, one)] {
        let refused: attune_rpc::Error = platform
            .relate(ends, RelationKind::Causes)
            .await
            .unwrap_err()
            .into();
        assert_eq!(refused.reason(), Reason::WrongState);
        assert!(refused.message().contains("leads back"), "{refused}");
    }
    // A part is no cause.
    platform.relate((three, one), RelationKind::PartOf).await.unwrap();
}

#[tokio::test]
async fn two_who_each_close_no_circle_do_not_close_one_together() {
    let platform = Platform::start().await;
    let [one, two, three] = platform.three().await;
    let four = platform.reported(1, "").await.issue_id;
    platform.relate((two, three), RelationKind::Causes).await.unwrap();
    platform.relate((four, one), RelationKind::Causes).await.unwrap();
    let (first, second) = tokio::join!(
        platform.relate((one, two), RelationKind::Causes),
        platform.relate((three, four), RelationKind::Causes)
    );
    assert_eq!(first.is_ok(), second.is_err());
}

#[tokio::test]
async fn a_merged_issue_is_named_by_the_one_that_goes_on() {
    let platform = Platform::start().await;
    let [one, two, three] = platform.three().await;
    platform.merge_as((one, two), once("MergeIssues")).await.unwrap();
    for ends in [(one, three), (three, one)] {
        let refused = platform.relate(ends, RelationKind::Related).await.unwrap_err();
        assert!(matches!(refused, Error::WrongState(_)), "{refused}");
    }
}

#[tokio::test]
async fn an_issue_has_a_hundred_relations_of_a_kind_at_most() {
    let platform = Platform::start().await;
    let [one, two, _] = platform.three().await;
    let mut tx = platform.db.system(&platform.tenant).await.unwrap();
    sqlx::query(
        "WITH made AS (
             INSERT INTO improvement.issue SELECT (jsonb_populate_record(i,
                 jsonb_build_object('issue_id', gen_random_uuid()))).*
             FROM improvement.issue i, generate_series(1, 100) WHERE i.issue_id = $1 RETURNING issue_id)
         INSERT INTO improvement.issue_relation
             (tenant_id, issue_relation_id, kind, from_issue_id, to_issue_id, said_by, reason, related_at, rule,
              members_joined, evidence_joined)
         SELECT 'acme', gen_random_uuid(), 'causes', $1, issue_id, 'Ada', 'so', now(), '', 0, 0 FROM made",
    )
    .bind(one)
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let refused: attune_rpc::Error = platform
        .relate((one, two), RelationKind::Causes)
        .await
        .unwrap_err()
        .into();
    assert_eq!(refused.reason(), Reason::LimitReached);
    platform.relate((one, two), RelationKind::Related).await.unwrap();
}
