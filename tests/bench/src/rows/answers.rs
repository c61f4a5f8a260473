//! Answers of a year with the counts that numbers are made of.

use std::time::Duration;

use attune_api::feedback::v1::metric_service_client::MetricServiceClient;
use attune_api::feedback::v1::{QueryMetricRequest, Step};
use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use prost_types::Timestamp;
use tonic::Status;

use crate::load::closed_loop;
use crate::measure::Sample;
use crate::postgres::OURS;
use crate::stage::{Caller, Stage};

/// How long ago the oldest answer was given, in days.
const DAYS: i64 = 365;

/// A year that ended with a day's end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Year {
    pub(crate) start: DateTime<Utc>,
    pub(crate) end: DateTime<Utc>,
}

impl Year {
    /// The year before the day of `instant`.
    pub(crate) fn before(instant: DateTime<Utc>) -> anyhow::Result<Self> {
        let end = instant.duration_trunc(TimeDelta::days(1))?;
        Ok(Self {
            start: end - TimeDelta::days(DAYS),
            end,
        })
    }
}

/// Has exactly `stored` answers on the scale of NPS in the tables, spread evenly over `year`, four channels and five
/// products, with their counts by hour and by day in the order of time, as they are written; nothing else.
pub(crate) async fn fill(stage: &Stage, stored: u64, year: Year) -> anyhow::Result<()> {
    let Year { start, end } = year;
    let (from, seconds) = (start.to_rfc3339(), (end - start).num_seconds());
    let statements = format!(
        "TRUNCATE feedback.feedback, feedback.topic_mention, feedback.slice_count, feedback.rating_count,
             feedback.mention_count, feedback.mention_person, feedback.outbox CASCADE;
         INSERT INTO feedback.feedback (occurred_at, created_at, feedback_id, profile_id, rating_score, tenant_id, origin,
             channel, touchpoint, product, agent_id, rating_scale, topics, text)
         SELECT '{from}'::timestamptz + make_interval(secs => {seconds}.0 * (n - 1) / {stored}), now(),
             md5('answer' || n)::uuid, md5('person' || n % 100000)::uuid, (n::bigint * 7919 / 13 % 11)::smallint, 'bench',
             'submitted', (ARRAY['web', 'mail', 'chat', 'store'])[n % 4 + 1], 'checkout', 'product-' || n / 4 % 5, '',
             'nps', '[]', ''
         FROM generate_series(1, {stored}) AS n;
         INSERT INTO feedback.rating_count (start, answers, score, tenant_id, grain, topic_id, scale, product, channel,
             touchpoint)
         SELECT date_trunc(grain, occurred_at, 'UTC'), count(*), rating_score, tenant_id, grain, '', rating_scale,
             product, channel, touchpoint
         FROM feedback.feedback CROSS JOIN (VALUES ('hour'), ('day')) AS grains (grain) GROUP BY 1, 3, 4, 5, 7, 8, 9, 10
         ORDER BY 1;
         INSERT INTO feedback.slice_count (start, feedback, judged, negative, non_positive, tenant_id, grain, topic_id,
             product, channel, touchpoint)
         SELECT start, sum(answers), 0, 0, 0, tenant_id, grain, topic_id, product, channel, touchpoint
         FROM feedback.rating_count GROUP BY start, tenant_id, grain, topic_id, product, channel, touchpoint
         ORDER BY start;
         VACUUM ANALYZE feedback.feedback;
         VACUUM ANALYZE feedback.rating_count;
         VACUUM ANALYZE feedback.slice_count"
    );
    for statement in statements.split(';') {
        stage.postgres.run(OURS, statement).await?;
    }
    Ok(())
}

/// The NPS of `year` day by day, again and again by `in_flight` callers. An answer that does not count `stored` answers
/// fails the run.
pub(crate) async fn query(
    stage: &Stage,
    (year, stored): (Year, u64),
    in_flight: usize,
    timed: Duration,
) -> anyhow::Result<Sample> {
    let callers = stage.callers("feedback", in_flight).await?;
    closed_loop(stage, in_flight, timed, move |caller| {
        nps_by_day(callers[caller % callers.len()].clone(), year, stored)
    })
    .await
}

async fn nps_by_day(caller: Caller, year: Year, stored: u64) -> Result<(), Status> {
    let at = |instant: DateTime<Utc>| Timestamp {
        seconds: instant.timestamp(),
        nanos: 0,
    };
    let request = QueryMetricRequest {
        metric: "nps".to_owned(),
        slice: None,
        start: Some(at(year.start)),
        end: Some(at(year.end)),
        step: Step::Day.into(),
        ..QueryMetricRequest::default()
    };
    let answer = MetricServiceClient::new(caller).query_metric(request).await?;
    let counted: i64 = answer.into_inner().values.iter().map(|value| value.n).sum();
    if u64::try_from(counted) == Ok(stored) {
        Ok(())
    } else {
        Err(Status::data_loss(format!(
            "{counted} answers of {stored} were counted"
        )))
    }
}
