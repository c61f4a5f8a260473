//! Reading the board, and the story of what is on it.

use attune_api::feedback::v1::{GetHotIssueCourseRequest, GetHotIssueCourseResponse};
use attune_api::improvement::v1::{
    BoardItem, BoardStage, BoardSummary, GetBoardRequest, GetBoardResponse, GetIssueRequest, Goal,
    Initiative, Issue, ListInitiativesRequest, Recognition,
};
use attune_rpc::instant;
use chrono::{DateTime, TimeDelta, Utc};
use prost_types::Timestamp;

use crate::platform::{PAGE, Platform, ask};

/// The most problems that are read.
const MOST: usize = 1000;
/// The most problems whose story is told with pictures.
const TOLD: usize = 20;

/// Everything in flight.
#[derive(Clone, Debug)]
pub(crate) struct Board {
    pub(crate) as_of: DateTime<Utc>,
    pub(crate) summary: BoardSummary,
    /// What is overdue first, then what was found first; what was closed last.
    pub(crate) items: Vec<BoardItem>,
    pub(crate) goals: Vec<Goal>,
    /// Thanks for ideas that worked, the newest first.
    pub(crate) recognitions: Vec<Recognition>,
    /// Whether there are more problems than were read.
    pub(crate) more: bool,
}

/// One problem from its discovery to its last step.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) item: BoardItem,
    pub(crate) issue: Issue,
    /// The first one first.
    pub(crate) initiatives: Vec<Initiative>,
    /// `None` for a problem that a person reported.
    pub(crate) course: Option<GetHotIssueCourseResponse>,
}

/// What was closed and still stands on a board.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Closed {
    /// All there ever was.
    Ever,
    /// In so many days.
    Within(TimeDelta),
}

/// Reads the board.
pub(crate) async fn board(platform: &Platform, closed: Closed) -> anyhow::Result<Board> {
    let closed_since = match closed {
        Closed::Ever => Some(Timestamp::default()),
        // By the platform's clock, which may be another than ours.
        Closed::Within(days) => {
            let now = page(platform, None, 1, String::new())
                .await?
                .as_of
                .and_then(instant);
            now.map(|now| attune_rpc::timestamp(now - days))
        }
    };
    let first = page(platform, closed_since, PAGE, String::new()).await?;
    let mut board = Board {
        as_of: first.as_of.and_then(instant).unwrap_or_default(),
        summary: first.summary.unwrap_or_default(),
        items: first.items,
        goals: first.goals,
        recognitions: first.recognitions,
        more: false,
    };
    let mut token = first.next_page_token;
    while !token.is_empty() && board.items.len() < MOST {
        let next = page(platform, closed_since, PAGE, token).await?;
        board.items.extend(next.items);
        token = next.next_page_token;
    }
    board.more = !token.is_empty();
    board
        .items
        .sort_by_key(|item| (item.stage() == BoardStage::Closed, !item.overdue));
    Ok(board)
}

async fn page(
    platform: &Platform,
    closed_since: Option<Timestamp>,
    page_size: i32,
    page_token: String,
) -> anyhow::Result<GetBoardResponse> {
    let client = platform.boards();
    let request = GetBoardRequest {
        closed_since,
        page_size,
        page_token,
    };
    ask("GetBoard", || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.get_board(request).await }
    })
    .await
}

/// Reads the stories of the first problems on the board.
pub(crate) async fn stories(platform: &Platform, board: &Board) -> anyhow::Result<Vec<Story>> {
    let mut stories = Vec::new();
    for item in board.items.iter().take(TOLD) {
        let issue = issue(platform, &item.issue_id).await?;
        let mut initiatives = initiatives_for(platform, &item.issue_id).await?;
        initiatives.reverse();
        let course = if issue.hot_issue_id.is_empty() {
            None
        } else {
            Some(course(platform, &issue.hot_issue_id).await?)
        };
        stories.push(Story {
            item: item.clone(),
            issue,
            initiatives,
            course,
        });
    }
    Ok(stories)
}

async fn issue(platform: &Platform, issue_id: &str) -> anyhow::Result<Issue> {
    let client = platform.issues();
    let request = GetIssueRequest {
        issue_id: issue_id.to_owned(),
    };
    let found = ask("GetIssue", || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.get_issue(request).await }
    });
    Ok(found.await?.issue.unwrap_or_default())
}

/// The initiatives of an issue, the newest first.
pub(crate) async fn initiatives_for(platform: &Platform, issue_id: &str) -> anyhow::Result<Vec<Initiative>> {
    let client = platform.initiatives();
    let request = ListInitiativesRequest {
        issue_id: issue_id.to_owned(),
        page_size: PAGE,
        ..Default::default()
    };
    let listed = ask("ListInitiatives", || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.list_initiatives(request).await }
    });
    Ok(listed.await?.initiatives)
}

/// The days of a hot issue.
pub(crate) async fn course(
    platform: &Platform,
    hot_issue_id: &str,
) -> anyhow::Result<GetHotIssueCourseResponse> {
    let client = platform.hot_issues();
    let request = GetHotIssueCourseRequest {
        hot_issue_id: hot_issue_id.to_owned(),
    };
    ask("GetHotIssueCourse", || {
        let (mut client, request) = (client.clone(), request.clone());
        async move { client.get_hot_issue_course(request).await }
    })
    .await
}
