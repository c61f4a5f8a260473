//! Answering a stream of batches, one after the other.

use attune_api::interactions::v1 as pb;
use attune_rpc::TenantId;
use futures::stream::{BoxStream, StreamExt};
use tonic::{Status, Streaming};

use super::Interactions;
use crate::{commands, convert};

pub(super) type Results = BoxStream<'static, Result<pb::RecordInteractionsResponse, Status>>;

/// One response for each message, in their order; nothing is read ahead of what is answered, so that a slow
/// database slows the sender. Ends after the first message that cannot be handled as a whole.
pub(super) fn answer(
    service: Interactions,
    tenant: TenantId,
    messages: Streaming<pb::RecordInteractionsRequest>,
) -> Results {
    futures::stream::unfold(Some((service, tenant, messages)), async |state| {
        let (service, tenant, mut messages) = state?;
        let message = tokio::select! {
            () = service.shutdown.cancelled() => Err(Status::unavailable("the server stops; go on with another")),
            message = messages.message() => message,
        };
        let answered = match message {
            Ok(None) => return None,
            Ok(Some(message)) => record(&service, &tenant, message).await,
            Err(status) => Err(status),
        };
        let next = answered.is_ok().then_some((service, tenant, messages));
        Some((answered, next))
    })
    .boxed()
}

async fn record(
    service: &Interactions,
    tenant: &TenantId,
    message: pb::RecordInteractionsRequest,
) -> Result<pb::RecordInteractionsResponse, Status> {
    let sorted = convert::interaction::record_many(&message)?;
    let recorded = commands::interaction::record_batch(&service.db, tenant, sorted.drafts).await?;
    Ok(convert::interaction::results(sorted.results, recorded))
}
