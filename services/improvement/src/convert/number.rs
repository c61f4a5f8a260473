//! Single numbers of the feedback service.

use attune_api::feedback::v1 as pb;
use attune_rpc::{instant, timestamp};
use chrono::{DateTime, Utc};

use crate::domain::{Estimate, Measured, Quantity, Slice};
use crate::error::Error;

/// The question for a number at `at`.
pub(crate) fn query(quantity: &Quantity, at: DateTime<Utc>) -> pb::QueryMetricRequest {
    let Quantity { metric, slice, .. } = quantity;
    let Slice {
        product,
        channel,
        topic_id,
        touchpoint,
    } = slice.clone();
    let (start, end) = quantity.window(at);
    let slice = pb::Slice {
        product,
        channel,
        topic_id,
        touchpoint,
        ..pb::Slice::default()
    };
    pb::QueryMetricRequest {
        metric: metric.as_str().to_owned(),
        slice: Some(slice),
        start: Some(timestamp(start)),
        end: Some(timestamp(end)),
        step: pb::Step::Unspecified.into(),
        taxonomy_version: None,
    }
}

/// The number of an answer.
pub(crate) fn parse(answer: &pb::QueryMetricResponse) -> Result<Measured, Error> {
    let [value] = answer.values.as_slice() else {
        return Err(Error::BrokenSeries("not one number"));
    };
    let at = |timestamp: Option<prost_types::Timestamp>| timestamp.and_then(instant);
    let outcome = match (value.value, value.low, value.high) {
        (Some(number), Some(low), Some(high)) => Ok(Estimate {
            value: number,
            low,
            high,
        }),
        _ if value.suppressed_reason.is_empty() => {
            return Err(Error::BrokenSeries("neither a number nor a reason"));
        }
        _ => Err(value.suppressed_reason.clone()),
    };
    Ok(Measured {
        start: at(value.start).ok_or(Error::BrokenSeries("a number without a beginning"))?,
        end: at(value.end).ok_or(Error::BrokenSeries("a number without an end"))?,
        definition_version: value.version,
        n: value.n,
        outcome,
        level: value.level,
    })
}

#[cfg(test)]
mod tests {
    use attune_stats::MetricId;

    use super::*;

    #[test]
    fn the_question_is_about_whole_hours_that_are_over() {
        let quantity = Quantity {
            metric: MetricId::Csat,
            slice: Slice::default(),
            window_days: 7,
        };
        let asked = query(&quantity, "2026-03-20T12:34:56Z".parse().unwrap());
        assert_eq!(asked.step(), pb::Step::Unspecified);
        let end: DateTime<Utc> = "2026-03-20T12:00:00Z".parse().unwrap();
        assert_eq!(asked.end, Some(timestamp(end)));
        assert_eq!(asked.start, Some(timestamp(end - chrono::TimeDelta::days(7))));
    }

    #[test]
    fn an_answer_without_a_number_says_why() {
        let mut value = pb::MetricValue {
            start: Some(prost_types::Timestamp::default()),
            end: Some(prost_types::Timestamp::default()),
            n: 3,
            suppressed_reason: "too few".to_owned(),
            ..Default::default()
        };
        let answer = |value: &pb::MetricValue| pb::QueryMetricResponse {
            values: vec![value.clone()],
            taxonomy: None,
        };
        assert_eq!(parse(&answer(&value)).unwrap().outcome, Err("too few".to_owned()));
        value.suppressed_reason.clear();
        assert!(matches!(parse(&answer(&value)), Err(Error::BrokenSeries(_))));
        assert!(matches!(
            parse(&pb::QueryMetricResponse::default()),
            Err(Error::BrokenSeries(_))
        ));
    }
}
