//! How many of those who were asked answered.

use attune_api::feedback::v1 as pb;
use attune_rpc::timestamp;
use chrono::TimeDelta;
use uuid::Uuid;

use super::survey::{free, given};
use super::{Bench, PLAIN, instant};
use crate::commands::invitation;
use crate::domain::invitation::Invitation;
use crate::domain::survey::Survey;
use crate::{commands, convert, store};

const MORNING: &str = "2026-03-02T08:00:00Z";

fn of_survey(survey: &Survey) -> pb::Slice {
    pb::Slice {
        survey_id: survey.survey_id.to_string(),
        ..pb::Slice::default()
    }
}

impl Bench {
    /// What the notifications service tells of the invitation's message; why it was not delivered, or nothing.
    async fn delivered(&self, invitation: &Invitation, reason: &str) {
        let mut tx = self.db.system(&self.tenant).await.unwrap();
        let told = convert::letter::Told {
            invitation_id: invitation.invitation_id,
            place: 0,
            reason: reason.to_owned(),
        };
        invitation::take_outcome(&mut tx, told).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// So many people are asked, and the message reaches each of them.
    async fn reached(&self, survey: &Survey, people: usize) -> Vec<Invitation> {
        let mut invitations = Vec::new();
        for _ in 0..people {
            let invitation = self.invited(survey).await;
            self.delivered(&invitation, "").await;
            invitations.push(invitation);
        }
        invitations
    }

    /// The timer of an invitation's end.
    async fn end(&self, survey: &Survey, id: Uuid) {
        let seen = invitation::get(&self.db, &self.tenant, id).await.unwrap();
        let ending = invitation::expire(&self.db, &self.reader, &self.tenant, &seen, survey)
            .await
            .unwrap();
        let mut tx = self.db.system(&self.tenant).await.unwrap();
        let held = store::invitation::lock(&mut tx, id).await.unwrap().unwrap();
        assert!(ending.apply(&mut tx, held).await.unwrap());
        tx.commit().await.unwrap();
    }

    /// How many were asked, how many of them answered, and of how many it cannot be told yet.
    async fn response_rate(&self, slice: pb::Slice) -> (i64, i64, i64) {
        let request = pb::QueryMetricRequest {
            metric: "response_rate".into(),
            slice: Some(slice),
            start: Some(timestamp(instant("2026-03-01T00:00:00Z"))),
            end: Some(timestamp(instant("2026-04-01T00:00:00Z"))),
            ..pb::QueryMetricRequest::default()
        };
        let (measure, version) = convert::metric::query(&request).unwrap();
        let answered = commands::metric::query(&self.db, &self.tenant, &measure, version)
            .await
            .unwrap();
        let value = convert::metric::answer_to_proto(answered).values.remove(0);
        (value.n, value.count, value.pending)
    }
}

#[tokio::test]
async fn who_was_reached_and_answered_completely_in_time_makes_the_rate_once_that_time_is_over() {
    let bench = Bench::at(MORNING).await;
    let survey = bench.published("After a call", free()).await;
    let invitations = bench.reached(&survey, 8).await;
    let ids: Vec<Uuid> = invitations
        .iter()
        .map(|invitation| invitation.invitation_id)
        .collect();
    for &id in &ids[..3] {
        bench.answer(id, given(4, PLAIN), true).await.unwrap();
    }
    bench.answer(ids[0], given(5, PLAIN), true).await.unwrap();
    bench.answer(ids[3], given(2, ""), false).await.unwrap();
    // Nobody could answer who was not reached; who answers all the same, such as by telephone, was.
    let unreached = bench.invited(&survey).await;
    bench.delivered(&unreached, "no_address").await;
    let by_telephone = bench.invited(&survey).await;
    bench.delivered(&by_telephone, "no_address").await;
    bench
        .answer(by_telephone.invitation_id, given(3, ""), true)
        .await
        .unwrap();

    assert_eq!(
        bench.response_rate(pb::Slice::default()).await,
        (0, 0, 9),
        "those who answered at once do not count before those who never will"
    );
    bench.hand.advance(TimeDelta::hours(49));
    assert_eq!(bench.response_rate(pb::Slice::default()).await, (0, 0, 9));
    bench.hand.advance(TimeDelta::hours(16));
    assert_eq!(
        bench.response_rate(pb::Slice::default()).await,
        (9, 4, 0),
        "the timers that end what nobody answered are late, and the number is not"
    );
    for &id in &ids[3..] {
        bench.end(&survey, id).await;
    }
    bench.end(&survey, unreached.invitation_id).await;
    assert_eq!(bench.response_rate(pb::Slice::default()).await, (9, 4, 0));
}

#[tokio::test]
async fn the_rate_is_told_by_survey_and_by_what_the_occasion_was_about() {
    let bench = Bench::at(MORNING).await;
    let call = bench.published("After a call", free()).await;
    let order = bench.published("After an order", free()).await;
    let asked = bench.reached(&call, 2).await;
    bench.reached(&order, 3).await;
    bench
        .answer(asked[0].invitation_id, given(4, ""), true)
        .await
        .unwrap();
    bench.hand.advance(TimeDelta::days(4));
    assert_eq!(bench.response_rate(of_survey(&call)).await, (2, 1, 0));
    assert_eq!(bench.response_rate(of_survey(&order)).await, (3, 0, 0));
    let product = |product: &str| pb::Slice {
        product: product.into(),
        ..pb::Slice::default()
    };
    assert_eq!(bench.response_rate(product("North")).await, (5, 1, 0));
    assert_eq!(bench.response_rate(product("South")).await, (0, 0, 0));
}

#[tokio::test]
async fn an_invitation_of_the_version_before_counts_neither_as_asked_nor_as_answered() {
    let bench = Bench::at(MORNING).await;
    let survey = bench.published("After a call", free()).await;
    let invitations = bench.reached(&survey, 3).await;
    let mut tx = bench.db.system(&bench.tenant).await.unwrap();
    sqlx::query("UPDATE feedback.invitation SET counts = false WHERE tenant_id = $1")
        .bind(bench.tenant.as_str())
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let answered = invitations[0].invitation_id;
    bench.answer(answered, given(4, ""), true).await.unwrap();
    bench.hand.advance(TimeDelta::days(4));
    bench.end(&survey, invitations[1].invitation_id).await;
    assert_eq!(bench.response_rate(pb::Slice::default()).await, (0, 0, 0));
}
