//! Where the numbers come from that initiatives are judged by.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use attune_api::feedback::v1::metric_service_client::MetricServiceClient;
use attune_api::feedback::v1::{QueryMetricRequest, QueryMetricResponse};
use attune_rpc::TenantId;
use attune_server::{Peers, Retry};
use chrono::{DateTime, Utc};

use crate::convert;
use crate::domain::{Measured, Metric, Quantity, Series, Slice};
use crate::error::Error;

/// How long one question may take, repetitions included.
const PATIENCE: Duration = Duration::from_secs(15);
/// More than the usual repetitions: who asks has nothing to answer with otherwise.
const RETRY: Retry = Retry {
    attempts: 8,
    base: Duration::from_millis(50),
    cap: Duration::from_secs(2),
};

/// Gives the numbers that things are judged by.
#[async_trait]
pub(crate) trait SeriesSource: fmt::Debug + Send + Sync + 'static {
    /// What the metric counts of the slice and of how much, from `start` to `end`, by the hour where the window allows it.
    /// Called outside any transaction.
    async fn share(
        &self,
        tenant: &TenantId,
        of: (Metric, &Slice),
        start: DateTime<Utc>,
        end: DateTime<Utc>,
    ) -> Result<Series, Error>;

    /// The number at `at`, as everybody who asks is told it. Called outside any transaction.
    async fn number(
        &self,
        tenant: &TenantId,
        quantity: &Quantity,
        at: DateTime<Utc>,
    ) -> Result<Measured, Error>;
}

/// The feedback service.
#[derive(Clone, Debug)]
pub(crate) struct Feedback {
    peers: Peers,
}

impl Feedback {
    pub(crate) fn new(peers: Peers) -> Self {
        Self { peers }
    }

    async fn ask(
        &self,
        tenant: &TenantId,
        request: QueryMetricRequest,
    ) -> Result<QueryMetricResponse, Error> {
        let client = MetricServiceClient::new(self.peers.channel("feedback").for_tenant(tenant));
        let asked = RETRY.run(|| {
            let (mut client, request) = (client.clone(), request.clone());
            async move { client.query_metric(request).await }
        });
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(answer) => Ok(answer?.into_inner()),
            Err(_) => {
                Err(tonic::Status::deadline_exceeded("the feedback service did not answer in time").into())
            }
        }
    }
}

#[async_trait]
impl SeriesSource for Feedback {
    async fn share(
        &self,
        tenant: &TenantId,
        of: (Metric, &Slice),
        start: DateTime<Utc>,
        end: DateTime<Utc>,
    ) -> Result<Series, Error> {
        let answer = self.ask(tenant, convert::series::query(of, start, end)).await?;
        convert::series::parse(&answer)
    }

    async fn number(
        &self,
        tenant: &TenantId,
        quantity: &Quantity,
        at: DateTime<Utc>,
    ) -> Result<Measured, Error> {
        let answer = self.ask(tenant, convert::number::query(quantity, at)).await?;
        convert::number::parse(&answer)
    }
}
