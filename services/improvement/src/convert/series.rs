//! Series of the feedback service.

use attune_api::feedback::v1 as pb;
use attune_rpc::{instant, timestamp};
use attune_stats::verdict::Bucket;
use chrono::{DateTime, Utc};

use crate::domain::{Metric, Series, Slice};
use crate::error::Error;

/// The question for the series of a metric in a slice.
pub(crate) fn query(
    (metric, slice): (Metric, &Slice),
    start: DateTime<Utc>,
    end: DateTime<Utc>,
) -> pb::QueryMetricRequest {
    let step = if Series::by_hour(start, end) {
        pb::Step::Hour
    } else {
        pb::Step::Day
    };
    pb::QueryMetricRequest {
        metric: metric.as_str().to_owned(),
        slice: Some(pb::Slice {
            product: slice.product.clone(),
            channel: slice.channel.clone(),
            topic_id: slice.topic_id.clone(),
            touchpoint: slice.touchpoint.clone(),
            ..pb::Slice::default()
        }),
        start: Some(timestamp(start)),
        end: Some(timestamp(end)),
        step: step.into(),
        taxonomy_version: None,
    }
}

/// The series of an answer.
pub(crate) fn parse(answer: &pb::QueryMetricResponse) -> Result<Series, Error> {
    let buckets: Result<Vec<_>, _> = answer.values.iter().map(bucket).collect();
    let codings = answer.taxonomy.iter().flat_map(|taxonomy| &taxonomy.codings);
    let versions = codings.map(|coding| coding.version).collect();
    Ok(Series::of(buckets?).coded(versions))
}

fn bucket(value: &pb::MetricValue) -> Result<Bucket, Error> {
    let at = |timestamp: Option<prost_types::Timestamp>| timestamp.and_then(instant);
    Ok(Bucket {
        start: at(value.start).ok_or(Error::BrokenSeries("a step without a beginning"))?,
        end: at(value.end).ok_or(Error::BrokenSeries("a step without an end"))?,
        successes: u64::try_from(value.count).map_err(|_| Error::BrokenSeries("a negative count"))?,
        n: u64::try_from(value.n).map_err(|_| Error::BrokenSeries("a negative n"))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::issue_for_tests;

    #[test]
    fn the_question_names_metric_topic_and_product_and_fits_the_steps() {
        let slice = Slice {
            touchpoint: "gate".to_owned(),
            ..Slice::from(&issue_for_tests())
        };
        let end: DateTime<Utc> = "2026-03-20T12:00:00Z".parse().unwrap();
        let asked = query((Metric::Csat, &slice), end - chrono::TimeDelta::days(20), end);
        assert_eq!((asked.metric.as_str(), asked.step()), ("csat", pb::Step::Hour));
        let about = asked.slice.unwrap();
        assert_eq!(
            (about.topic_id, about.touchpoint),
            (slice.topic_id.clone(), "gate".to_owned())
        );
        assert_eq!(
            query(
                (Metric::TopicShare, &slice),
                end - chrono::TimeDelta::days(200),
                end
            )
            .step(),
            pb::Step::Day
        );
    }

    #[test]
    fn an_answer_without_instants_is_refused() {
        let answer = pb::QueryMetricResponse {
            values: vec![pb::MetricValue {
                n: 3,
                ..Default::default()
            }],
            taxonomy: None,
        };
        assert!(matches!(parse(&answer), Err(Error::BrokenSeries(_))));
    }

    #[test]
    fn counts_are_read_also_where_the_value_is_suppressed() {
        let at = |second| {
            Some(prost_types::Timestamp {
                seconds: second,
                nanos: 0,
            })
        };
        let value = pb::MetricValue {
            start: at(0),
            end: at(3600),
            n: 3,
            count: 1,
            ..Default::default()
        };
        let empty = pb::MetricValue {
            start: at(3600),
            end: at(7200),
            ..Default::default()
        };
        let coding = |version| pb::TopicCoding {
            version,
            ..Default::default()
        };
        let series = parse(&pb::QueryMetricResponse {
            values: vec![value, empty],
            taxonomy: Some(pb::MetricTaxonomy {
                codings: vec![coding(2), coding(5)],
                ..Default::default()
            }),
        })
        .unwrap();
        assert_eq!(series.1, [2, 5]);
        assert_eq!(series.0.len(), 1);
        assert_eq!((series.0[0].successes, series.0[0].n), (1, 3));
    }
}
