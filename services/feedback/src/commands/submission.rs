//! Feedback that callers submit one by one: recorded in one transaction with what others submit at the moment. Its
//! hourly counts are the same few rows for everybody, so that alone each would wait for the other's commit.

use std::collections::HashMap;

use attune_database::{Began, Database, Gather, GatheredWrite, Tx, settle};
use attune_rpc::{RequestKey, TenantId};
use uuid::Uuid;

use super::feedback::understand;
use super::record::{New, record_new};
use crate::analysis::{Reader, Understood};
use crate::domain::{Draft, Feedback};
use crate::error::Error;
use crate::store;

/// Feedback to be recorded.
#[derive(Debug)]
pub(crate) struct Submit {
    pub(crate) draft: Draft,
    pub(crate) key: RequestKey,
}

/// Records feedback for callers that each submit one piece.
#[derive(Clone, Debug)]
pub(crate) struct Submissions {
    db: Database,
    reader: Reader,
}

impl Submissions {
    /// Gathers what is submitted to `db`, to be understood by `reader`.
    pub(crate) fn gather(db: Database, reader: Reader) -> Gather<Self> {
        Gather::new(Self { db, reader })
    }
}

/// A piece of feedback in the trace of the call that submits it.
pub(crate) struct Submission {
    said: Said,
    key: RequestKey,
    trace: Option<String>,
}

/// What was said, understood already where that took somebody outside: nobody else waits for their answer.
enum Said {
    Draft(Draft),
    Understood(Understood),
}

impl GatheredWrite for Submissions {
    type Item = Submission;
    type Answer = Feedback;

    async fn write(
        &self,
        tenant: &TenantId,
        items: &[Submission],
    ) -> Result<Vec<Result<Feedback, attune_rpc::Error>>, attune_rpc::Error> {
        Ok(self.record(tenant, items).await?)
    }
}

/// Records one piece of feedback; answers the one that is known when it is known already.
pub(crate) async fn submit(
    submissions: &Gather<Submissions>,
    db: &Database,
    reader: &Reader,
    tenant: &TenantId,
    submit: Submit,
) -> Result<Feedback, Error> {
    let Submit { draft, key } = submit;
    let said = if reader.is_outside() {
        let mut understood = understand(db, reader, tenant, vec![draft.clone()]).await?;
        understood.pop().map_or(Said::Draft(draft), Said::Understood)
    } else {
        Said::Draft(draft)
    };
    let trace = attune_telemetry::current_traceparent();
    let submission = Submission { said, key, trace };
    Ok(submissions.write(tenant, submission).await?)
}

impl Submissions {
    async fn record(
        &self,
        tenant: &TenantId,
        items: &[Submission],
    ) -> Result<Vec<Result<Feedback, attune_rpc::Error>>, Error> {
        let understood = self.understood(tenant, items).await?;
        let keys: Vec<_> = items.iter().map(|item| (&item.key, Uuid::now_v7())).collect();
        let (mut tx, began) = self.db.write_many(tenant, &keys).await?;
        let mut made: HashMap<Uuid, Feedback> = HashMap::with_capacity(items.len());
        let mut fresh = Vec::with_capacity(items.len());
        for (place, understood) in understood.into_iter().enumerate() {
            let (Some(Began::Fresh), Some(item)) = (began.get(place), items.get(place)) else {
                continue;
            };
            let feedback_id = keys.get(place).map_or_else(Uuid::now_v7, |(_, id)| *id);
            made.insert(feedback_id, feedback(&tx, feedback_id, understood.clone()));
            fresh.push(New {
                feedback_id,
                understood,
                trace: item.trace.clone(),
            });
        }
        let recorded = record_new(&mut tx, fresh).await?;
        let recorded = recorded.into_iter().map(|recorded| recorded.feedback_id);
        let ids = settle(&mut tx, &keys, began, recorded).await?;
        let missing: Vec<Uuid> = ids
            .iter()
            .flatten()
            .filter(|id| !made.contains_key(id))
            .copied()
            .collect();
        if !missing.is_empty() {
            let earlier = store::feedback::by_ids(&mut tx, &missing).await?;
            made.extend(earlier.into_iter().map(|item| (item.feedback_id, item)));
        }
        tx.commit().await?;
        let answer = |id: Uuid| made.get(&id).cloned().ok_or(Error::NoFeedback(id).into());
        Ok(ids.into_iter().map(|id| id.and_then(answer)).collect())
    }

    /// What each of `items` says.
    async fn understood(&self, tenant: &TenantId, items: &[Submission]) -> Result<Vec<Understood>, Error> {
        let drafts: Vec<Draft> = items
            .iter()
            .filter_map(|item| match &item.said {
                Said::Draft(draft) => Some(draft.clone()),
                Said::Understood(_) => None,
            })
            .collect();
        let mut now = if drafts.is_empty() {
            Vec::new().into_iter()
        } else {
            understand(&self.db, &self.reader, tenant, drafts)
                .await?
                .into_iter()
        };
        Ok(items
            .iter()
            .filter_map(|item| match &item.said {
                Said::Draft(_) => now.next(),
                Said::Understood(understood) => Some(understood.clone()),
            })
            .collect())
    }
}

/// As it is stored where it is new.
fn feedback(tx: &Tx, feedback_id: Uuid, understood: Understood) -> Feedback {
    let Understood {
        draft,
        understanding,
        taxonomy_version,
    } = understood;
    Feedback {
        feedback_id,
        draft,
        understanding,
        taxonomy_version,
        sliced: true,
        created_at: tx.now(),
    }
}
