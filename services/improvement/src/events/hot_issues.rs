//! Hot issues become issues.

use async_trait::async_trait;
use attune_api::feedback::v1::{
    HotIssueCohortExtended, HotIssueCohortFrozen, HotIssueEnded, HotIssueOpened, HotIssueWidened,
};
use attune_database::Tx;
use attune_events::{ConsumeError, Consumer, Event};
use prost::Name as _;

use crate::commands::detection;
use crate::convert::heard;

/// The subscription to the feedback service's hot issues.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HotIssues;

#[async_trait]
impl Consumer for HotIssues {
    fn name(&self) -> &'static str {
        "improvement.hot_issues"
    }

    fn source(&self) -> &'static str {
        "feedback"
    }

    fn types(&self) -> Vec<String> {
        vec![
            HotIssueOpened::full_name(),
            HotIssueCohortFrozen::full_name(),
            HotIssueWidened::full_name(),
            HotIssueCohortExtended::full_name(),
            HotIssueEnded::full_name(),
        ]
    }

    async fn handle(&self, tx: &mut Tx, event: &Event) -> Result<(), ConsumeError> {
        let known = if event.is::<HotIssueOpened>() {
            let detection = heard::opened(event.decode()?)?;
            detection::open(tx, detection).await.map_err(failed)?;
            true
        } else if event.is::<HotIssueCohortFrozen>() {
            let part = heard::frozen(&event.decode()?)?;
            detection::take_in(tx, part).await.map_err(failed)?
        } else if event.is::<HotIssueWidened>() {
            let widening = heard::widened(event.decode()?)?;
            detection::widen(tx, &widening).await.map_err(failed)?
        } else if event.is::<HotIssueCohortExtended>() {
            let part = heard::extended(event.decode()?)?;
            detection::extend(tx, part).await.map_err(failed)?
        } else if event.is::<HotIssueEnded>() {
            let (hot_issue_id, at) = heard::ended(event.decode()?)?;
            detection::subside(tx, hot_issue_id, at).await.map_err(failed)?
        } else {
            true
        };
        if known {
            return Ok(());
        }
        // Its opening comes before it in the feed. Without it nothing may be dropped silently.
        let message = format!(
            "hot issue {} has no issue: its opening was not taken in",
            event.subject
        );
        Err(ConsumeError::Poison(anyhow::anyhow!(message)))
    }
}

/// A failure of the database may pass; everything else lies in the event.
pub(super) fn failed(error: crate::error::Error) -> ConsumeError {
    match error {
        crate::error::Error::Database(error) => error.into(),
        error => attune_rpc::Error::from(error).into(),
    }
}
