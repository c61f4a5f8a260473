//! Opening cases, in the transaction of the feedback.

use std::collections::{BTreeMap, HashSet};

use attune_database::Tx;
use uuid::Uuid;

use crate::domain::recovery::{NumberedPolicy, RecoveryCase};
use crate::domain::{Feedback, Sentiment};
use crate::error::Error;
use crate::timers::recovery::DEADLINE;
use crate::{events, store};

/// Opens a case for each occasion on which a known customer was let down, unless it has one.
pub(crate) async fn open(tx: &mut Tx, stored: &[&Feedback]) -> Result<(), Error> {
    if !stored.iter().any(|feedback| may_open(feedback)) {
        return Ok(());
    }
    let policy = store::recovery::policy::newest(tx).await?;
    let policy = policy.unwrap_or_else(NumberedPolicy::default_one);
    let mut cases = by_occasion(stored, &policy, tx);
    if cases.is_empty() {
        return Ok(());
    }
    let opened: HashSet<Uuid> = store::recovery::insert(tx, &cases).await?.into_iter().collect();
    cases.retain(|case| opened.contains(&case.recovery_case_id));
    let timers: Vec<_> = cases
        .iter()
        .map(|case| (case.recovery_case_id, case.deadline))
        .collect();
    attune_timers::schedule_many(tx, DEADLINE, &timers).await?;
    Ok(events::recovery::opened(tx, &cases).await?)
}

/// Whether there is a policy under which it would open a case; most feedback saves the look at it.
fn may_open(feedback: &Feedback) -> bool {
    let understood = feedback.understanding.as_ref();
    let negative = understood.is_some_and(|understood| understood.sentiment == Some(Sentiment::Negative));
    feedback.draft.profile_id.is_some() && (negative || feedback.draft.rating.is_some())
}

/// One case an occasion, in the order of the occasions: several scores of one answer are one.
fn by_occasion(stored: &[&Feedback], policy: &NumberedPolicy, tx: &Tx) -> Vec<RecoveryCase> {
    let mut cases: BTreeMap<String, RecoveryCase> = BTreeMap::new();
    for feedback in stored {
        let Some(case) = RecoveryCase::of(feedback, policy, Uuid::now_v7(), tx.now()) else {
            continue;
        };
        if let Some(first) = cases.get_mut(&case.occasion) {
            first.join(case);
        } else {
            cases.insert(case.occasion.clone(), case);
        }
    }
    cases.into_values().collect()
}
