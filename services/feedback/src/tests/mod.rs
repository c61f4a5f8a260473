//! The service's commands against a real Postgres, on a clock that the test moves.

mod airline;
mod bad_input;
mod bad_topic;
mod cancelled_recoding;
mod comparison;
mod counts;
mod detection;
mod driver;
mod employee;
mod facets;
mod interactions;
mod learning;
mod matter;
mod matter_counts;
mod matter_slices;
mod metric;
mod outside;
mod perception;
mod quotes;
mod recoding;
mod recording;
mod recovery;
mod response_rate;
mod segments;
mod survey;
mod themes;
mod topic;
mod triggers;
mod waiting;

use std::sync::{Arc, LazyLock};

use attune_clock::{Clock, ManualClock};
use attune_database::template::{TemplateSet, TestDatabase};
use attune_database::{Database, GatherReads, PoolSettings, Schema, connect};
use attune_rpc::{RequestKey, TenantId};
use attune_timers::TimerLoop;
use chrono::{DateTime, TimeDelta, Utc};
use prost::Message;
use sqlx::postgres::PgPoolOptions;
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::analysis::{Builtin, Reader};
use crate::commands;
use crate::commands::feedback::ById;
use crate::commands::record::Recorded;
use crate::domain::{Draft, Origin};
use crate::timers::detect::Detect;
use crate::timers::employee::Release;
use crate::timers::recovery::{Deadline, Measure};

const SCHEMA: Schema = Schema("feedback");
const CANCELLED: &str = "you cancelled my flight, terrible";
const LATE: &str = "my flight is delayed again, this is awful";
const PLAIN: &str = "at which gate do I change with my sister";
const HAPPY: &str = "thank you so much, the crew was wonderful, great service!";

static TEMPLATE: LazyLock<TemplateSet> = LazyLock::new(|| TemplateSet::new(&[(SCHEMA, &crate::MIGRATOR)]));

/// The service on a database of its own.
struct Bench {
    db: Database,
    reader: Reader,
    hand: ManualClock,
    tenant: TenantId,
    timers: TimerLoop,
    /// Sees every tenant: for looking behind the scenes.
    admin: PgPool,
    _database: TestDatabase,
}

impl Bench {
    /// Reads as the handlers do.
    fn by_id(&self) -> GatherReads<ById> {
        GatherReads::new(self.db.clone(), ById)
    }

    async fn at(start: &str) -> Self {
        let database = TEMPLATE.database().await.unwrap();
        let (clock, hand) = Clock::manual(instant(start));
        let url = database.service_url(SCHEMA).unwrap();
        // Whole histories are replayed in a debug build, on a machine that is busy with other tests.
        let settings = PoolSettings {
            statement_timeout: std::time::Duration::from_mins(1),
            ..Default::default()
        };
        let db = Database::new(connect(&url, SCHEMA, settings).await.unwrap(), SCHEMA, clock);
        let reader = Reader::new(Builtin::default());
        let timers = TimerLoop::new(
            db.clone(),
            vec![
                Arc::new(Detect::new(reader.taxonomies.clone())),
                Arc::new(Deadline),
                Arc::new(Release),
                Arc::new(Measure),
            ],
        );
        let admin = PgPoolOptions::new()
            .max_connections(1)
            .connect(database.url())
            .await
            .unwrap();
        let tenant = TenantId::parse("acme").unwrap();
        Self {
            db,
            reader,
            hand,
            tenant,
            timers,
            admin,
            _database: database,
        }
    }

    async fn submit_many(&self, drafts: Vec<Draft>) -> Vec<Recorded> {
        commands::feedback::submit_many(&self.db, &self.reader, &self.tenant, drafts)
            .await
            .unwrap()
    }

    /// Moves the time and lets everything that is due happen.
    async fn advance_to(&self, instant: DateTime<Utc>) {
        self.hand.advance_to(instant);
        while self.timers.step().await.unwrap() > 0 {}
    }

    /// Until a transaction waits for what another one of this database holds.
    async fn waits_for_a_lock(&self) {
        let waiting = "SELECT EXISTS (SELECT FROM pg_stat_activity
                                      WHERE datname = current_database() AND wait_event_type = 'Lock')";
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
        while !sqlx::query_scalar::<_, bool>(waiting)
            .fetch_one(&self.admin)
            .await
            .unwrap()
        {
            assert!(tokio::time::Instant::now() < deadline, "nobody waits");
            tokio::task::yield_now().await;
        }
    }

    /// One number that a statement gives for the bench's tenant.
    async fn number(&self, statement: &'static str) -> i64 {
        self.number_of(&self.tenant, statement).await
    }

    async fn number_of(&self, tenant: &TenantId, statement: &'static str) -> i64 {
        sqlx::query_scalar(statement)
            .bind(tenant.as_str())
            .fetch_one(&self.admin)
            .await
            .unwrap()
    }

    /// What was told, in order, as (subject, version, payload) of one type.
    async fn told<P: Message + prost::Name + Default>(&self) -> Vec<(Uuid, i64, P)> {
        let rows = sqlx::query(
            "SELECT subject, subject_version, payload FROM feedback.outbox WHERE tenant_id = $1 AND type = $2
             ORDER BY seq",
        )
        .bind(self.tenant.as_str())
        .bind(P::full_name())
        .fetch_all(&self.admin)
        .await
        .unwrap();
        let event = |row: &sqlx::postgres::PgRow| {
            (
                row.get("subject"),
                row.get("subject_version"),
                P::decode(row.get::<&[u8], _>("payload")).unwrap(),
            )
        };
        rows.iter().map(event).collect()
    }
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Something said at `occurred_at` about `product`, by somebody unknown.
fn said(text: &str, product: &str, occurred_at: DateTime<Utc>) -> Draft {
    Draft {
        origin: Origin::Submitted,
        profile_id: None,
        interaction_id: None,
        channel: "social".into(),
        touchpoint: String::new(),
        product: product.into(),
        agent_id: String::new(),
        team: String::new(),
        stage: String::new(),
        segments: Some(Vec::new()),
        rating: None,
        text: text.into(),
        occurred_at,
        source_id: None,
    }
}

fn by(profile_id: Uuid, draft: Draft) -> Draft {
    Draft {
        profile_id: Some(profile_id),
        ..draft
    }
}

fn without_request_id() -> RequestKey {
    RequestKey {
        method: "SubmitFeedback",
        request_id: None,
        hash: [0; 32],
    }
}

fn minutes(count: i64) -> TimeDelta {
    TimeDelta::minutes(count)
}
