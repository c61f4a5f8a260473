//! Whether it helped: the first thing that a customer says after the resolution and that tells.

use attune_database::Tx;
use uuid::Uuid;

use crate::domain::Feedback;
use crate::domain::recovery::{CaseState, Evidence, RecoveryCase};
use crate::error::Error;
use crate::{events, store};

/// Measures the cases of those who spoke, in the transaction of their feedback. The timer of the end stays and finds
/// nothing to do: taking it back while it fires would lock crosswise.
pub(crate) async fn listen(tx: &mut Tx, stored: &[&Feedback]) -> Result<(), Error> {
    let mut said: Vec<Evidence> = stored.iter().filter_map(|item| Evidence::of(item)).collect();
    if said.is_empty() {
        return Ok(());
    }
    said.sort_by_key(|evidence| (evidence.said_at, evidence.feedback_id));
    let mut profiles: Vec<Uuid> = said.iter().map(|evidence| evidence.profile_id).collect();
    profiles.sort_unstable();
    profiles.dedup();
    for case in store::recovery::lock_waiting(tx, &profiles).await? {
        if let Some(first) = said.iter().find(|evidence| case.awaits(evidence)) {
            conclude(tx, case, Some(first)).await?;
        }
    }
    Ok(())
}

/// Ends the measurement of a case whose time is over. What was said while the resolution was being written, and so was
/// held against the open case, is found here.
pub(crate) async fn end_measurement(tx: &mut Tx, id: Uuid) -> Result<(), Error> {
    let case = store::recovery::lock(tx, id).await?;
    let waiting = case.filter(|case| case.state == CaseState::Resolved && case.result.is_none());
    let Some((case, (after, until))) =
        waiting.and_then(|case| Some((case.resolved_at?, case.measure_until?)).map(|span| (case, span)))
    else {
        return Ok(());
    };
    let said = store::feedback::telling(tx, case.profile_id, after, until).await?;
    let first = said.as_ref().and_then(Evidence::of);
    conclude(tx, case, first.as_ref()).await
}

async fn conclude(tx: &mut Tx, mut case: RecoveryCase, evidence: Option<&Evidence>) -> Result<(), Error> {
    case.measured(evidence, tx.now());
    case.version += 1;
    store::recovery::update(tx, &case).await?;
    Ok(events::recovery::measured(tx, &case).await?)
}
