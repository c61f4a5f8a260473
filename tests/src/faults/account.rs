//! What is true after a fault, seen from the outside.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use attune_api::feedback::v1::ListFeedbackRequest;
use attune_api::interactions::v1::ListInteractionsRequest;
use attune_testkit::{Failure, SCHEMAS, Tenant};
use sqlx::{AssertSqlSafe, PgPool};
use tonic::Status;

use super::Told;

const PAGE: i32 = 200;

/// What a scenario came to.
#[derive(Debug)]
pub struct Account {
    /// Writes that were acknowledged.
    pub acknowledged: usize,
    /// Acknowledged writes, or their effects in another service, that are not there.
    pub lost: usize,
    /// Writes or effects that are there more than once.
    pub doubled: usize,
    /// Answers that said that the call may be repeated, and calls that nobody answered.
    pub refused: (u64, u64),
    /// Answers that no fault excuses.
    pub unclean: Vec<Status>,
    /// Gaps in a feed's positions.
    pub gaps: i64,
    /// The longest time without an acknowledgement.
    pub longest_unavailability: Duration,
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (refused, unanswered) = self.refused;
        write!(
            f,
            "acknowledged {}, lost {}, doubled {}, refused cleanly {refused}, unanswered {unanswered}, refused otherwise \
             {}, gaps {}, longest unavailability {:.2} s",
            self.acknowledged,
            self.lost,
            self.doubled,
            self.unclean.len(),
            self.gaps,
            self.longest_unavailability.as_secs_f64()
        )
    }
}

impl Account {
    /// Looks for what was told, as `tenant` reads it, once everything has settled. `admin` sees the feeds' tables.
    pub async fn of(tenant: &Tenant, admin: &PgPool, told: Told) -> Result<Self, Failure> {
        let contacts = contacts(tenant).await?;
        let heard = heard(tenant).await?;
        let (mut lost, mut doubled) = (0, 0);
        for write in &told.acknowledged {
            match contacts.get(&write.source_id).map(Vec::as_slice) {
                Some([one]) if *one == write.interaction_id => {}
                Some([_, _, ..]) => doubled += 1,
                _ => lost += 1,
            }
            match heard.get(&write.interaction_id) {
                Some(1) => {}
                Some(_) => doubled += 1,
                None => lost += 1,
            }
        }
        Ok(Self {
            acknowledged: told.acknowledged.len(),
            lost,
            doubled,
            refused: (told.refused, told.unanswered),
            unclean: told.unclean,
            gaps: gaps(admin).await?,
            longest_unavailability: told.longest_silence,
        })
    }

    /// Prints it, and asserts what holds whatever breaks.
    ///
    /// # Panics
    /// When something was lost, doubled, or refused in a way that tells the caller nothing.
    #[allow(clippy::print_stdout)] // what a scenario is run for
    pub fn holds(&self, scenario: &str) {
        println!("{scenario}: {self}");
        assert!(self.acknowledged > 0, "{scenario}: nothing was acknowledged");
        assert_eq!(
            (self.lost, self.doubled, self.gaps),
            (0, 0, 0),
            "{scenario}: {self}"
        );
        let unclean = self.unclean.first();
        assert!(unclean.is_none(), "{scenario}: {self}; the first was {unclean:?}");
    }
}

/// The ids of all contacts by what their source calls them.
async fn contacts(tenant: &Tenant) -> Result<HashMap<String, Vec<String>>, Failure> {
    let mut found: HashMap<String, Vec<String>> = HashMap::new();
    let mut page_token = String::new();
    loop {
        let request = ListInteractionsRequest {
            page_size: PAGE,
            page_token,
            ..ListInteractionsRequest::default()
        };
        let page = tenant
            .interactions()
            .list_interactions(request)
            .await?
            .into_inner();
        for contact in page.interactions {
            found
                .entry(contact.source_id)
                .or_default()
                .push(contact.interaction_id);
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(found);
        }
    }
}

/// How often feedback was heard in each contact.
async fn heard(tenant: &Tenant) -> Result<HashMap<String, usize>, Failure> {
    let mut found: HashMap<String, usize> = HashMap::new();
    let mut page_token = String::new();
    loop {
        let request = ListFeedbackRequest {
            page_size: PAGE,
            page_token,
            ..ListFeedbackRequest::default()
        };
        let page = tenant.feedback().list_feedback(request).await?.into_inner();
        for feedback in page.feedback {
            *found.entry(feedback.interaction_id).or_default() += 1;
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(found);
        }
    }
}

/// Positions that no event of a feed has, below its head.
async fn gaps(admin: &PgPool) -> Result<i64, Failure> {
    let each = SCHEMAS.map(|schema| {
        let name = schema.name();
        format!("(SELECT position FROM {name}.feed_head) - (SELECT count(*) FROM {name}.event_log)")
    });
    let sum = format!("SELECT {}", each.map(|gap| format!("abs({gap})")).join(" + "));
    Ok(sqlx::query_scalar(AssertSqlSafe(sum)).fetch_one(admin).await?)
}
