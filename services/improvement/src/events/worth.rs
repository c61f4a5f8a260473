//! What is told about costs and worth.

use attune_api::improvement::v1 as pb;
use attune_database::Tx;

use super::append;
use crate::convert;
use crate::domain::{Cost, Initiative, WorthParameters, WorthStatement};

/// A cost was booked, or a booking was taken back.
pub(crate) async fn booked(
    tx: &mut Tx,
    initiative: &mut Initiative,
    booked: &Cost,
) -> Result<(), sqlx::Error> {
    let cost = Some(convert::cost::to_proto(booked.clone()));
    match booked.reverses {
        None => append(tx, initiative, &pb::CostBooked { cost }).await,
        Some(_) => append(tx, initiative, &pb::CostReversed { cost }).await,
    }
}

/// The parameters have a new version.
pub(crate) async fn parameters_set(tx: &mut Tx, parameters: &WorthParameters) -> Result<(), sqlx::Error> {
    let event = pb::WorthParametersSet {
        parameters: Some(convert::worth::parameters_to_proto(parameters.clone())),
    };
    attune_events::append(tx, parameters.worth_parameters_id, 1, &event).await?;
    Ok(())
}

/// It was stated what an initiative is worth.
pub(crate) async fn stated(
    tx: &mut Tx,
    initiative: &mut Initiative,
    statement: &WorthStatement,
) -> Result<(), sqlx::Error> {
    let statement = Some(convert::worth::to_proto(statement.clone()));
    append(tx, initiative, &pb::WorthStated { statement }).await
}
