//! Drivers.

use attune_api::feedback::v1 as pb;
use attune_rpc::{Error, Violations};
use attune_stats::driver::{Attribute, Dimension, Driver, Explanation, LeftOut, METHOD, Reference};

use super::metric::{parse_hours, parse_scale};
use super::slice::{Sliced, parse_slice};
use crate::commands::driver::Explained;
use crate::domain::Drivers;

/// The widest window, in days.
pub(super) const MOST_DAYS: i64 = 400;

/// The most that is said to be left out.
const MOST_LEFT_OUT: usize = 100;

pub(crate) fn question(request: &pb::ExplainDriversRequest) -> Result<Drivers, Error> {
    let mut violations = Violations::default();
    let pb::ExplainDriversRequest {
        metric,
        slice,
        start,
        end,
    } = request;
    let scale = parse_scale(metric, &mut violations);
    let slice = parse_slice(slice.as_ref(), Sliced::Texts, &mut violations);
    let start = violations.instant("start", *start);
    let end = violations.instant("end", *end);
    let window = start
        .zip(end)
        .and_then(|ends| parse_hours(ends, Some(MOST_DAYS), &mut violations));
    let question = || {
        Some(Drivers {
            scale: scale?,
            slice: slice?,
            window: window?,
        })
    };
    violations.finish(question())
}

pub(crate) fn explained_to_proto(explained: Explained) -> pb::ExplainDriversResponse {
    let Explained {
        metric,
        n,
        n_in_window,
        explanation,
    } = explained;
    let shown = pb::ExplainDriversResponse {
        metric: metric.as_str().to_owned(),
        version: i32::try_from(metric.definition().version).unwrap_or(i32::MAX),
        n: count(n),
        n_in_window: count(n_in_window),
        method: METHOD.to_owned(),
        ..pb::ExplainDriversResponse::default()
    };
    match explanation {
        Err(suppressed_reason) => pb::ExplainDriversResponse {
            suppressed_reason,
            ..shown
        },
        Ok(Explanation {
            n: _,
            r_squared,
            drivers,
            left_out,
            references,
        }) => pb::ExplainDriversResponse {
            r_squared,
            drivers: drivers.into_iter().map(driver_to_proto).collect(),
            left_out: left_out
                .into_iter()
                .take(MOST_LEFT_OUT)
                .map(left_out_to_proto)
                .collect(),
            references: references.into_iter().map(reference_to_proto).collect(),
            ..shown
        },
    }
}

fn driver_to_proto(driver: Driver) -> pb::Driver {
    let Driver {
        attribute,
        n,
        effect,
        low,
        high,
        level,
        p_value,
        q_value,
        contribution,
        variance_inflation,
        goes_along_with,
    } = driver;
    let name = |Attribute { dimension, value }| pb::DriverName {
        dimension: dimension_to_proto(dimension).into(),
        value,
    };
    pb::Driver {
        dimension: dimension_to_proto(attribute.dimension).into(),
        value: attribute.value,
        n: count(n),
        effect,
        low,
        high,
        level,
        p_value,
        q_value,
        contribution,
        variance_inflation,
        goes_along_with: goes_along_with.map(name),
    }
}

fn left_out_to_proto(left_out: LeftOut) -> pb::DriverLeftOut {
    let LeftOut { attribute, n, reason } = left_out;
    pb::DriverLeftOut {
        dimension: dimension_to_proto(attribute.dimension).into(),
        value: attribute.value,
        n: count(n),
        reason,
    }
}

fn reference_to_proto(reference: Reference) -> pb::DriverReference {
    let Reference { attribute, n } = reference;
    pb::DriverReference {
        dimension: dimension_to_proto(attribute.dimension).into(),
        value: attribute.value,
        n: count(n),
    }
}

fn dimension_to_proto(dimension: Dimension) -> pb::DriverDimension {
    match dimension {
        Dimension::Topic => pb::DriverDimension::Topic,
        Dimension::Touchpoint => pb::DriverDimension::Touchpoint,
        Dimension::Agent => pb::DriverDimension::Agent,
        Dimension::Channel => pb::DriverDimension::Channel,
        Dimension::Product => pb::DriverDimension::Product,
        Dimension::WaitingTime => pb::DriverDimension::WaitingTime,
    }
}

fn count(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
