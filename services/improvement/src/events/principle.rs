//! What is told about principles.

use attune_api::improvement::v1 as pb;
use attune_database::Tx;

use crate::convert;
use crate::domain::Principle;

/// It was adopted.
pub(crate) async fn adopted(tx: &mut Tx, principle: &mut Principle) -> Result<(), sqlx::Error> {
    let number = principle.next_event();
    let event = pb::PrincipleAdopted {
        principle: Some(convert::principle::to_proto(principle.clone())),
    };
    attune_events::append(tx, principle.principle_id, number, &event).await?;
    Ok(())
}

/// It was worded anew.
pub(crate) async fn changed(tx: &mut Tx, principle: &mut Principle) -> Result<(), sqlx::Error> {
    let number = principle.next_event();
    let event = pb::PrincipleChanged {
        principle: Some(convert::principle::to_proto(principle.clone())),
    };
    attune_events::append(tx, principle.principle_id, number, &event).await?;
    Ok(())
}
