//! `MetricService`.

use attune_api::feedback::v1 as pb;
use attune_api::feedback::v1::metric_service_server::MetricService;
use attune_auth::Caller;
use attune_server::Answers;
use attune_stats::{MetricDefinition, registry};
use futures::{StreamExt as _, TryStreamExt as _};
use tonic::{Request, Response, Status};

use super::Handlers;
use crate::{commands, convert};

#[tonic::async_trait]
impl MetricService for Handlers {
    type WatchMetricsStream = Answers<pb::WatchMetricsResponse>;

    async fn list_metric_definitions(
        &self,
        request: Request<pb::ListMetricDefinitionsRequest>,
    ) -> Result<Response<pb::ListMetricDefinitionsResponse>, Status> {
        Caller::of(&request)?;
        let mut definitions: Vec<&MetricDefinition> = registry::list().to_vec();
        definitions.sort_by_key(|definition| definition.id.as_str());
        let definitions = definitions
            .into_iter()
            .map(convert::metric::definition_to_proto)
            .collect();
        Ok(Response::new(pb::ListMetricDefinitionsResponse { definitions }))
    }

    async fn query_metric(
        &self,
        request: Request<pb::QueryMetricRequest>,
    ) -> Result<Response<pb::QueryMetricResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (measure, version) = convert::metric::query(request.get_ref())?;
        let answered = commands::metric::query(&self.db, caller.tenant(), &measure, version).await?;
        Ok(Response::new(convert::metric::answer_to_proto(answered)))
    }

    async fn watch_metrics(
        &self,
        request: Request<pb::WatchMetricsRequest>,
    ) -> Result<Response<Self::WatchMetricsStream>, Status> {
        let caller = Caller::of(&request)?;
        let watched = convert::watch::watched(request.get_ref())?;
        let opening = convert::watch::opening(&caller, &request.get_ref().after)?;
        let changes = self.live.metrics(opening, watched).await?;
        let answers = changes.map_ok(convert::watch::changes_to_proto).err_into();
        Ok(Response::new(answers.boxed()))
    }

    async fn compare_metric(
        &self,
        request: Request<pb::CompareMetricRequest>,
    ) -> Result<Response<pb::CompareMetricResponse>, Status> {
        let caller = Caller::of(&request)?;
        let contrast = convert::comparison::contrast(request.get_ref())?;
        let compared = commands::comparison::compare(&self.db, caller.tenant(), contrast).await?;
        Ok(Response::new(convert::comparison::compared_to_proto(compared)))
    }

    async fn explain_drivers(
        &self,
        request: Request<pb::ExplainDriversRequest>,
    ) -> Result<Response<pb::ExplainDriversResponse>, Status> {
        let caller = Caller::of(&request)?;
        let question = convert::driver::question(request.get_ref())?;
        let explained = commands::driver::explain(&self.db, caller.tenant(), question).await?;
        Ok(Response::new(convert::driver::explained_to_proto(explained)))
    }
}
