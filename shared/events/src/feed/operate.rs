//! What an operator sees and does about parked events.

use attune_api::events::v1 as pb;
use attune_database::database_error;
use attune_rpc::{Error, Page, Violations, timestamp};
use chrono::{DateTime, Utc};
use prost::Message as _;
use sqlx::{query_as, query_scalar};

use super::{FeedService, View};
use crate::statement::statement;

/// Longer names of subscriptions are not ours.
const LONGEST_NAME: usize = 200;

/// Position, then subscription: the order of the list, and a page's last key.
type Key = (i64, String);

/// Subscription, position, attempts, error, parked at, event.
type Row = (String, i64, i32, String, DateTime<Utc>, Vec<u8>);

impl FeedService {
    pub(super) async fn list_parked(
        &self,
        view: &View,
        request: &pb::ListParkedEventsRequest,
    ) -> Result<pb::ListParkedEventsResponse, Error> {
        let mut violations = Violations::default();
        let page = Page::<Key>::parse(
            request.page_size,
            &request.page_token,
            &request.source,
            &mut violations,
        )?;
        let page = violations.finish(Some(page))?;
        let database = self.feed(&request.source)?.database();
        let (position, name) = page
            .after()
            .map_or((0, ""), |(position, name)| (*position, name.as_str()));
        let mut rows: Vec<Row> = query_as(statement(database.schema(), LIST))
            .bind(position)
            .bind(name)
            .bind(view.tenant())
            .bind(page.limit())
            .fetch_all(database.pool())
            .await
            .map_err(database_error)?;
        let next_page_token = page.next(&mut rows, |row| (row.1, row.0.clone()))?;
        let parked_events = rows.into_iter().map(parked).collect::<Result<_, _>>()?;
        Ok(pb::ListParkedEventsResponse {
            parked_events,
            next_page_token,
        })
    }

    pub(super) async fn release_parked(
        &self,
        view: &View,
        request: &pb::ReleaseParkedEventsRequest,
    ) -> Result<pb::ReleaseParkedEventsResponse, Error> {
        let mut violations = Violations::default();
        let subject = violations.id("subject", &request.subject);
        let subscription = violations.text("subscription", &request.subscription, 1..=LONGEST_NAME);
        let (subject, subscription) = violations.finish(subject.zip(subscription))?;
        let feed = self.feed(&request.source)?;
        let database = feed.database();
        let released: i64 = query_scalar(statement(database.schema(), RELEASE))
            .bind(&subscription)
            .bind(subject)
            .bind(view.tenant())
            .fetch_one(database.pool())
            .await
            .map_err(database_error)?;
        if released == 0 {
            return Err(Error::not_found("parked event of subject", subject));
        }
        tracing::info!(subscription, %subject, released, "parked events released");
        feed.signals().released.notify_waiters();
        Ok(pb::ReleaseParkedEventsResponse {
            released: i32::try_from(released).unwrap_or(i32::MAX),
        })
    }
}

fn parked((subscription, _, attempts, error, parked_at, event): Row) -> Result<pb::ParkedEvent, Error> {
    Ok(pb::ParkedEvent {
        subscription,
        event: Some(pb::Event::decode(event.as_slice()).map_err(Error::internal)?),
        attempts,
        error,
        parked_at: Some(timestamp(parked_at)),
    })
}

/// `$1` and `$2` the key before, `$3` tenant or null, `$4` limit.
const LIST: &str = "
    SELECT name, position, attempts, error, parked_at, event FROM {schema}.parked
    WHERE (position, name) > ($1, $2) AND ($3::text IS NULL OR tenant_id = $3)
    ORDER BY position, name LIMIT $4";

/// `$1` subscription, `$2` subject, `$3` tenant or null. The subject's first event has been tried; at 0
/// attempts it is due, and those behind it follow.
const RELEASE: &str = "
    WITH subject AS MATERIALIZED (
        SELECT position FROM {schema}.parked
        WHERE name = $1 AND subject = $2 AND ($3::text IS NULL OR tenant_id = $3)
    ), released AS (
        UPDATE {schema}.parked SET attempts = 0
        WHERE name = $1 AND position IN (SELECT position FROM subject)
    )
    SELECT count(*) FROM subject";
