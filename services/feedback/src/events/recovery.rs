//! What the service tells of recovery cases, without the texts of their resolutions.

use attune_api::feedback::v1 as pb;
use attune_database::Tx;
use attune_events::{NewEvent, append, append_many};

use crate::convert::recovery::told;
use crate::domain::recovery::RecoveryCase;

/// Tells of cases that were opened.
pub(crate) async fn opened(tx: &mut Tx, cases: &[RecoveryCase]) -> Result<(), sqlx::Error> {
    let now = tx.now();
    let event = |case: &RecoveryCase| NewEvent {
        subject: case.recovery_case_id,
        subject_version: case.version,
        payload: pb::RecoveryCaseOpened {
            recovery_case: Some(told(case, now)),
        },
    };
    let events: Vec<_> = cases.iter().map(event).collect();
    append_many(tx, &events).await?;
    Ok(())
}

/// Tells of another owner.
pub(crate) async fn assigned(
    tx: &mut Tx,
    case: &RecoveryCase,
    former_owner: String,
) -> Result<(), sqlx::Error> {
    let payload = pb::RecoveryCaseAssigned {
        recovery_case: Some(told(case, tx.now())),
        former_owner,
    };
    append(tx, case.recovery_case_id, case.version, &payload).await?;
    Ok(())
}

/// Tells that a deadline passed.
pub(crate) async fn overdue(tx: &mut Tx, case: &RecoveryCase) -> Result<(), sqlx::Error> {
    let recovery_case = Some(told(case, tx.now()));
    let payload = pb::RecoveryCaseOverdue { recovery_case };
    append(tx, case.recovery_case_id, case.version, &payload).await?;
    Ok(())
}

/// Tells that it was done what could be done.
pub(crate) async fn resolved(tx: &mut Tx, case: &RecoveryCase) -> Result<(), sqlx::Error> {
    let recovery_case = Some(told(case, tx.now()));
    let payload = pb::RecoveryCaseResolved { recovery_case };
    append(tx, case.recovery_case_id, case.version, &payload).await?;
    Ok(())
}

/// Tells whether it helped.
pub(crate) async fn measured(tx: &mut Tx, case: &RecoveryCase) -> Result<(), sqlx::Error> {
    let recovery_case = Some(told(case, tx.now()));
    let payload = pb::RecoveryCaseMeasured { recovery_case };
    append(tx, case.recovery_case_id, case.version, &payload).await?;
    Ok(())
}
