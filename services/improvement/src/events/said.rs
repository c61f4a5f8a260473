//! What customers say.

use async_trait::async_trait;
use attune_api::feedback::v1::FeedbackSubmitted;
use attune_database::Tx;
use attune_events::{ConsumeError, Consumer, Event};
use prost::Name as _;

use super::hot_issues::failed;
use crate::commands::said;
use crate::convert::heard;

/// The subscription to the feedback service's feedback.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SaidByCustomers;

#[async_trait]
impl Consumer for SaidByCustomers {
    fn name(&self) -> &'static str {
        "improvement.said"
    }

    fn source(&self) -> &'static str {
        "feedback"
    }

    fn types(&self) -> Vec<String> {
        vec![FeedbackSubmitted::full_name()]
    }

    async fn handle(&self, tx: &mut Tx, event: &Event) -> Result<(), ConsumeError> {
        self.handle_batch(tx, std::slice::from_ref(event)).await
    }

    // One statement counts a batch by topic and day. Most feedback is nobody's who is in a pilot: one question finds out.
    async fn handle_batch(&self, tx: &mut Tx, events: &[Event]) -> Result<(), ConsumeError> {
        let mut heard = Vec::with_capacity(events.len());
        for event in events {
            if event.is::<FeedbackSubmitted>() {
                heard.push(heard::said(event.decode()?)?);
            }
        }
        said::take_in(tx, &heard).await.map_err(failed)
    }
}
