//! `GoalService`.

use attune_api::improvement::v1 as pb;
use attune_api::improvement::v1::goal_service_server::GoalService;
use attune_auth::Caller;
use tonic::{Request, Response, Status};

use super::Goals;
use crate::{commands, convert};

#[tonic::async_trait]
impl GoalService for Goals {
    async fn create_goal(
        &self,
        request: Request<pb::CreateGoalRequest>,
    ) -> Result<Response<pb::CreateGoalResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::goal::create(request.get_ref())?;
        let goal = commands::goal::create(&self.db, &*self.source, caller.tenant(), parsed).await?;
        let goal = Some(convert::goal::to_proto(goal));
        Ok(Response::new(pb::CreateGoalResponse { goal }))
    }

    async fn get_goal(
        &self,
        request: Request<pb::GetGoalRequest>,
    ) -> Result<Response<pb::GetGoalResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::goal::get(request.get_ref())?;
        let goal = commands::goal::get(&self.db, caller.tenant(), parsed).await?;
        let goal = Some(convert::goal::to_proto(goal));
        Ok(Response::new(pb::GetGoalResponse { goal }))
    }

    async fn list_goals(
        &self,
        request: Request<pb::ListGoalsRequest>,
    ) -> Result<Response<pb::ListGoalsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (state, page) = convert::goal::list(request.get_ref())?;
        let (goals, next_page_token) = commands::goal::list(&self.db, caller.tenant(), state, &page).await?;
        let goals = goals.into_iter().map(convert::goal::to_proto).collect();
        Ok(Response::new(pb::ListGoalsResponse {
            goals,
            next_page_token,
        }))
    }

    async fn update_goal(
        &self,
        request: Request<pb::UpdateGoalRequest>,
    ) -> Result<Response<pb::UpdateGoalResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::goal::update(request.get_ref())?;
        let goal = commands::goal::update(&self.db, caller.tenant(), parsed).await?;
        let goal = Some(convert::goal::to_proto(goal));
        Ok(Response::new(pb::UpdateGoalResponse { goal }))
    }

    async fn cancel_goal(
        &self,
        request: Request<pb::CancelGoalRequest>,
    ) -> Result<Response<pb::CancelGoalResponse>, Status> {
        let caller = Caller::of(&request)?;
        let parsed = convert::goal::cancel(request.get_ref())?;
        let goal = commands::goal::cancel(&self.db, caller.tenant(), parsed).await?;
        let goal = Some(convert::goal::to_proto(goal));
        Ok(Response::new(pb::CancelGoalResponse { goal }))
    }

    async fn list_goal_progress(
        &self,
        request: Request<pb::ListGoalProgressRequest>,
    ) -> Result<Response<pb::ListGoalProgressResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (id, page) = convert::goal::history(request.get_ref())?;
        let (goal, recorded, next_page_token) =
            commands::goal::history(&self.db, caller.tenant(), id, &page).await?;
        let measurements = recorded
            .into_iter()
            .map(|one| convert::goal::measurement_to_proto(&goal, one))
            .collect();
        Ok(Response::new(pb::ListGoalProgressResponse {
            measurements,
            next_page_token,
        }))
    }
}
