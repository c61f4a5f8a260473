//! The feed of one service, read from its log.

mod follow;
mod listen;
mod operate;
mod service;
mod stream;

use std::sync::Arc;

use attune_database::Database;
use attune_rpc::{Code, Error, Reason, TenantId};
use chrono::{DateTime, Utc};
use sqlx::{FromRow, SqlStr};
use uuid::Uuid;

pub use follow::Follow;
pub use service::FeedService;

use crate::signals::Signals;
use crate::statement::statement;
use crate::{Cursor, Event};

/// At most this many events travel in one response.
pub(crate) const PAGE: i64 = 500;
/// At most this many positions are looked at in one statement, however few of them are wanted.
const WINDOW: i64 = 20_000;
/// A response ends early when its payloads reach this many bytes; a single larger one travels alone.
const PAGE_BYTES: usize = 1 << 20;

/// What one service tells, in the order of positions; cheap to clone.
#[derive(Clone, Debug)]
pub struct Feed {
    name: &'static str,
    database: Database,
    signals: Arc<Signals>,
    page: SqlStr,
}

/// Whose events a reader sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// One tenant's.
    Tenant(TenantId),
    /// Everybody's: for the platform's own services.
    Platform,
}

/// Some events and where the reader stands after them.
#[derive(Debug)]
pub struct FeedPage {
    /// At most 500 events, in the order of their positions.
    pub events: Vec<Event>,
    /// The place after them: whatever is missing up to here was not wanted.
    pub through: Cursor,
    /// The newest position when the page was read.
    pub head: i64,
}

impl FeedPage {
    /// Whether there was nothing newer when the page was read.
    pub fn caught_up(&self) -> bool {
        self.through.position == self.head
    }
}

/// Which events a reader wants.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    pub(crate) view: View,
    /// Full names of payloads; empty for all.
    pub(crate) types: Vec<String>,
}

impl View {
    /// The one tenant whose events are seen, if it is one.
    fn tenant(&self) -> Option<&str> {
        match self {
            Self::Tenant(tenant) => Some(tenant.as_str()),
            Self::Platform => None,
        }
    }
}

impl Feed {
    /// The feed that the service `name` fills through `database`.
    pub fn new(database: Database, name: &'static str) -> Self {
        let page = statement(database.schema(), READ_PAGE);
        Self {
            name,
            signals: Signals::of(&database),
            page,
            database,
        }
    }

    /// The service whose feed this is.
    pub fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    pub(crate) fn signals(&self) -> &Arc<Signals> {
        &self.signals
    }

    /// The events after `after`, or from the oldest on. Refuses a cursor of another epoch, one past the
    /// head, and one whose next event is no longer kept.
    ///
    /// Head, oldest position and events are read in one statement, hence from one snapshot: whatever is
    /// missing between `after` and the answer's `through` was not wanted.
    pub(crate) async fn page(&self, after: Option<Cursor>, selection: &Selection) -> Result<FeedPage, Error> {
        let types = Some(&selection.types).filter(|types| !types.is_empty());
        let rows: Vec<Row> = sqlx::query_as(self.page.clone())
            .bind(after.map(|cursor| cursor.position))
            .bind(WINDOW)
            .bind(selection.view.tenant())
            .bind(types)
            .bind(PAGE)
            .fetch_all(self.database.pool())
            .await
            .map_err(attune_database::database_error)?;
        let Some(first) = rows.first() else {
            return Err(Error::internal("the feed has no head"));
        };
        let (epoch, head, oldest) = (first.epoch, first.head, first.oldest);
        let after = match after {
            Some(after) => checked(after, epoch, head, oldest)?,
            None => oldest - 1,
        };
        let full = i64::try_from(rows.len()).is_ok_and(|rows| rows == PAGE);
        let (events, cut) = self.events(rows)?;
        let through = match events.last() {
            Some(last) if full || cut => last.position,
            _ => head.min(after + WINDOW),
        };
        Ok(FeedPage {
            events,
            through: Cursor {
                epoch,
                position: through,
            },
            head,
        })
    }

    /// Refuses a cursor of another epoch or past the head (`INVALID_ARGUMENT`, reason `CURSOR_FOREIGN`), and one
    /// whose next event is no longer kept (`OUT_OF_RANGE`, reason `CURSOR_EXPIRED`).
    pub async fn check(&self, after: Option<Cursor>) -> Result<(), Error> {
        let Some(after) = after else { return Ok(()) };
        let (epoch, head, oldest) = self.state().await?;
        checked(after, epoch, head, oldest).map(|_| ())
    }

    /// The place of the newest event: who follows from here hears what is told from now on.
    pub async fn head(&self) -> Result<Cursor, Error> {
        let (epoch, position, _) = self.state().await?;
        Ok(Cursor { epoch, position })
    }

    /// Epoch, newest and oldest position.
    async fn state(&self) -> Result<(Uuid, i64, i64), Error> {
        sqlx::query_as(statement(self.database.schema(), READ_STATE))
            .fetch_one(self.database.pool())
            .await
            .map_err(attune_database::database_error)
    }

    /// The events of the rows, and whether the page was cut because it grew too large.
    fn events(&self, rows: Vec<Row>) -> Result<(Vec<Event>, bool), Error> {
        let mut bytes = 0;
        let mut events = Vec::with_capacity(rows.len());
        for row in rows {
            let Some(event) = row.event(self.name)? else {
                continue;
            };
            bytes += event.data.len();
            if bytes > PAGE_BYTES && !events.is_empty() {
                return Ok((events, true));
            }
            events.push(event);
        }
        Ok((events, false))
    }
}

fn checked(after: Cursor, epoch: Uuid, head: i64, oldest: i64) -> Result<i64, Error> {
    if after.epoch != epoch || after.position > head {
        let message = "the cursor belongs to another feed, or to this one before it was restored; rebuild from \
                       the source's resources and subscribe without a cursor";
        return Err(Error::new(Code::InvalidArgument, Reason::CursorForeign, message));
    }
    if after.position < oldest - 1 {
        let message = format!(
            "events after position {} are no longer kept, the oldest is {oldest}; rebuild from the source's \
             resources and subscribe without a cursor",
            after.position
        );
        return Err(Error::out_of_range(Reason::CursorExpired, message).with("oldest_position", oldest));
    }
    Ok(after.position)
}

const READ_STATE: &str = "
    SELECT epoch, position AS head,
           coalesce((SELECT min(position) FROM {schema}.event_log), position + 1) AS oldest
    FROM {schema}.feed_head";

/// `$1` cursor, `$2` window, `$3` tenant or null, `$4` types or null, `$5` limit.
const READ_PAGE: &str = "
    SELECT feed.epoch, feed.head, feed.oldest, event.*
    FROM (SELECT epoch, position AS head,
                 coalesce((SELECT min(position) FROM {schema}.event_log), position + 1) AS oldest
          FROM {schema}.feed_head) AS feed
    LEFT JOIN LATERAL (
        SELECT position, subject_version, occurred_at, event_id, subject, tenant_id, type, payload, trace_context
        FROM {schema}.event_log
        WHERE position > coalesce($1, feed.oldest - 1) AND position <= coalesce($1, feed.oldest - 1) + $2
          AND ($3::text IS NULL OR tenant_id = $3) AND ($4::text[] IS NULL OR type = ANY ($4))
        ORDER BY position LIMIT $5
    ) AS event ON true
    ORDER BY event.position";

/// The feed's state with one event, or with none.
#[derive(FromRow)]
struct Row {
    epoch: Uuid,
    head: i64,
    oldest: i64,
    position: Option<i64>,
    subject_version: Option<i64>,
    occurred_at: Option<DateTime<Utc>>,
    event_id: Option<Uuid>,
    subject: Option<Uuid>,
    tenant_id: Option<String>,
    r#type: Option<String>,
    payload: Option<Vec<u8>>,
    trace_context: Option<String>,
}

impl Row {
    fn event(self, source: &str) -> Result<Option<Event>, Error> {
        let Some(position) = self.position else {
            return Ok(None);
        };
        let absent = || Error::internal(format!("event {position} of {source} lacks a column"));
        let tenant = TenantId::parse(&self.tenant_id.ok_or_else(absent)?).map_err(Error::internal)?;
        Ok(Some(Event {
            position,
            id: self.event_id.ok_or_else(absent)?,
            source: source.to_owned(),
            type_name: self.r#type.ok_or_else(absent)?,
            subject: self.subject.ok_or_else(absent)?,
            subject_version: self.subject_version.ok_or_else(absent)?,
            tenant,
            time: self.occurred_at.ok_or_else(absent)?,
            trace_context: self.trace_context,
            data: self.payload.ok_or_else(absent)?.into(),
        }))
    }
}
