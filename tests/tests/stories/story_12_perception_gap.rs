//! Story 12, the last sentence: a company's own scores are set beside its customers'.

use attune_api::feedback::v1 as fb;
use attune_testkit::{Failure, Tenant, TestPlatform};
use attune_tests::survey::timestamp;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

const DESK: &str = "check_in.desk";
const LOUNGE: &str = "lounge.visit";

#[tokio::test(flavor = "multi_thread")]
async fn the_company_sees_where_it_thinks_better_of_itself_than_its_customers_do() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let tenant = platform.tenant("meadow-air");
    let monday = platform.now();

    // Of forty customers at the desk sixteen were satisfied, of forty in the lounge thirty-four.
    customers_answer(&tenant, monday, DESK, 16, 24).await?;
    customers_answer(&tenant, monday, LOUNGE, 34, 6).await?;
    // The team leads watched ten contacts at each, and liked nearly all of them.
    the_company_rates_itself(&tenant, monday, DESK, 9, 1).await?;
    the_company_rates_itself(&tenant, monday, LOUNGE, 9, 1).await?;
    platform.advance(TimeDelta::hours(3)).await?;

    let [desk, lounge] = gaps(&tenant, monday)
        .await?
        .try_into()
        .map_err(|_| "not two gaps")?;
    assert_eq!((desk.subject.as_str(), lounge.subject.as_str()), (DESK, LOUNGE));
    assert_eq!(shown(&desk)?, (0.9, 10, 0.4, 40));
    assert_eq!(shown(&lounge)?, (0.9, 10, 0.85, 40));
    assert!(
        desk.low.is_some_and(|low| low > 0.0),
        "at the desk the company is wrong about itself beyond chance: {desk:?}"
    );
    assert!(
        lounge.low.is_some_and(|low| low < 0.0) && lounge.high.is_some_and(|high| high > 0.0),
        "in the lounge it may be right: {lounge:?}"
    );
    platform.stop().await;
    Ok(())
}

async fn customers_answer(
    tenant: &Tenant,
    from: DateTime<Utc>,
    touchpoint: &str,
    satisfied: i64,
    not: i64,
) -> Result<(), Failure> {
    let answer = |place: i64| fb::Feedback {
        channel: "survey".to_owned(),
        touchpoint: touchpoint.to_owned(),
        rating: Some(csat(if place < satisfied { 5 } else { 2 })),
        occurred_at: Some(timestamp(from + TimeDelta::minutes(place))),
        ..Default::default()
    };
    for place in 0..satisfied + not {
        let request = fb::SubmitFeedbackRequest {
            feedback: Some(answer(place)),
            request_id: Uuid::new_v4().to_string(),
        };
        tenant.feedback().submit_feedback(request).await?;
    }
    Ok(())
}

async fn the_company_rates_itself(
    tenant: &Tenant,
    from: DateTime<Utc>,
    touchpoint: &str,
    good: i64,
    not: i64,
) -> Result<(), Failure> {
    for place in 0..good + not {
        let own_rating = fb::OwnRating {
            touchpoint: touchpoint.to_owned(),
            rating: Some(csat(if place < good { 4 } else { 3 })),
            assessor_id: "team lead 3".to_owned(),
            assessed_at: Some(timestamp(from + TimeDelta::minutes(5 * place))),
            ..Default::default()
        };
        let request = fb::RecordOwnRatingRequest {
            own_rating: Some(own_rating),
            request_id: Uuid::new_v4().to_string(),
        };
        tenant.perception().record_own_rating(request).await?;
    }
    Ok(())
}

async fn gaps(tenant: &Tenant, from: DateTime<Utc>) -> Result<Vec<fb::PerceptionGap>, Failure> {
    let request = fb::GetPerceptionGapRequest {
        metric: "csat".to_owned(),
        subject: fb::PerceptionSubject::Touchpoint.into(),
        start: Some(timestamp(from)),
        end: Some(timestamp(from + TimeDelta::hours(2))),
        ..Default::default()
    };
    Ok(tenant
        .perception()
        .get_perception_gap(request)
        .await?
        .into_inner()
        .gaps)
}

/// The company's value and n, and the customers'.
fn shown(gap: &fb::PerceptionGap) -> Result<(f64, i64, f64, i64), Failure> {
    let own = gap.own.as_ref().ok_or("no own number")?;
    let customers = gap.customers.as_ref().ok_or("no number of the customers")?;
    let value = |number: &fb::MetricValue| number.value.ok_or_else(|| number.suppressed_reason.clone());
    Ok((value(own)?, own.n, value(customers)?, customers.n))
}

fn csat(value: i32) -> fb::Rating {
    fb::Rating {
        kind: fb::RatingKind::Csat.into(),
        value,
    }
}
