//! `BoardService`.

use attune_api::improvement::v1 as pb;
use attune_api::improvement::v1::board_service_server::BoardService;
use attune_auth::Caller;
use tonic::{Request, Response, Status};

use super::Boards;
use crate::{commands, convert};

#[tonic::async_trait]
impl BoardService for Boards {
    async fn get_board(
        &self,
        request: Request<pb::GetBoardRequest>,
    ) -> Result<Response<pb::GetBoardResponse>, Status> {
        let caller = Caller::of(&request)?;
        let (closed_since, page) = convert::board::get(request.get_ref())?;
        let board = commands::board::get(&self.db, caller.tenant(), closed_since, &page).await?;
        Ok(Response::new(convert::board::to_proto(board)))
    }
}
