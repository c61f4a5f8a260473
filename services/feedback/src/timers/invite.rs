//! What is due about invitations: one timer each, and where the invitation stands says what is to be done.

use async_trait::async_trait;
use attune_database::{Database, Tx};
use attune_rpc::TenantId;
use attune_timers::{FinishError, Leased, Work};
use chrono::{DateTime, Utc};
use futures::{StreamExt, stream};
use uuid::Uuid;

use crate::analysis::Reader;
use crate::commands::invitation::{self, Links};
use crate::domain::invitation::{Invitation, InvitationState};
use crate::domain::survey::Survey;
use crate::neighbours::Neighbours;
use crate::store;

/// The kind of timer that stands for an invitation.
pub(crate) const KIND: &str = "feedback.invitation";

/// Invitations worked on at the same time; two rounds of them fit the lease with the longest answers.
const AT_ONCE: usize = 8;
const BATCH: u16 = 16;

/// Sets when something is due about an invitation, in the place of what was set.
pub(crate) async fn schedule(tx: &mut Tx, id: Uuid, due_at: DateTime<Utc>) -> Result<(), sqlx::Error> {
    attune_timers::schedule(tx, KIND, id, due_at).await
}

/// Decides, hands over, reminds and ends. Other services are asked while the timer is leased; what follows is stored
/// in one transaction with the end of the timer.
#[derive(Clone, Debug)]
pub(crate) struct Invitations {
    db: Database,
    reader: Reader,
    neighbours: Neighbours,
    links: Links,
}

impl Invitations {
    pub(crate) fn new(db: Database, reader: Reader, neighbours: Neighbours, links: Links) -> Self {
        Self {
            db,
            reader,
            neighbours,
            links,
        }
    }

    async fn step(&self, tenant: &TenantId, leased: &Leased) -> anyhow::Result<()> {
        let done = self.take_step(tenant, leased).await;
        done.inspect_err(|error| {
            tracing::warn!(invitation_id = %leased.timer.subject, error = format!("{error:#}"), "nothing done");
        })
    }

    async fn take_step(&self, tenant: &TenantId, leased: &Leased) -> anyhow::Result<()> {
        let id = leased.timer.subject;
        let mut tx = self.db.read(tenant).await?;
        let found = invitation::with_version(&mut tx, id).await?;
        let waiting = store::contact::waiting(&mut tx, id).await?;
        tx.commit().await?;
        match found {
            Some((seen, _)) if seen.state == InvitationState::Scheduled => {
                self.decide(tenant, leased, &seen).await
            }
            Some((seen, Some(survey))) if seen.next_due(&survey.definition).is_some() => match waiting {
                Some(place) => self.send(tenant, leased, &seen, &survey, place).await,
                None => self.go_on(tenant, leased, &seen, &survey).await,
            },
            // Answered, or over by now.
            _ => {
                let mut tx = self.db.system(tenant).await?;
                leased.finish(&mut tx).await?;
                Ok(tx.commit().await?)
            }
        }
    }

    async fn decide(&self, tenant: &TenantId, leased: &Leased, seen: &Invitation) -> anyhow::Result<()> {
        let person = self.neighbours.person(tenant, seen.profile_id).await?;
        let (mut tx, held) = self.hold(tenant, leased).await?;
        if let Some(held) = held.filter(|held| held.state == InvitationState::Scheduled) {
            invitation::decide(&mut tx, held, person.as_ref()).await?;
        }
        Ok(tx.commit().await?)
    }

    async fn send(
        &self,
        tenant: &TenantId,
        leased: &Leased,
        seen: &Invitation,
        survey: &Survey,
        place: i32,
    ) -> anyhow::Result<()> {
        let Some(letter) = self.links.letter(tenant, seen, survey, place) else {
            anyhow::bail!(
                "the invitation {} is to be sent and never expires",
                seen.invitation_id
            );
        };
        let handed = self.neighbours.send(tenant, letter).await?;
        let (mut tx, held) = self.hold(tenant, leased).await?;
        if let Some(held) = held {
            invitation::hand_over(&mut tx, held, &survey.definition, place, handed).await?;
        }
        Ok(tx.commit().await?)
    }

    /// A reminder, or the end.
    async fn go_on(
        &self,
        tenant: &TenantId,
        leased: &Leased,
        seen: &Invitation,
        survey: &Survey,
    ) -> anyhow::Result<()> {
        let now = self.db.clock().now();
        if seen.expires_at.is_some_and(|end| end <= now) {
            let ending = invitation::expire(&self.db, &self.reader, tenant, seen, survey).await?;
            let (mut tx, held) = self.hold(tenant, leased).await?;
            let ended = match held {
                Some(held) => ending.apply(&mut tx, held).await?,
                None => true,
            };
            if !ended {
                // An answer came in between: look again.
                schedule(&mut tx, seen.invitation_id, now).await?;
            }
            return Ok(tx.commit().await?);
        }
        let (mut tx, held) = self.hold(tenant, leased).await?;
        match held {
            Some(held) if held.next_due(&survey.definition).is_some_and(|due| due <= now) => {
                invitation::remind(&mut tx, held, &survey.definition).await?;
            }
            Some(held) => {
                if let Some(due) = held.next_due(&survey.definition) {
                    schedule(&mut tx, held.invitation_id, due).await?;
                }
            }
            None => {}
        }
        Ok(tx.commit().await?)
    }

    /// Ends the timer, and holds the invitation.
    async fn hold(
        &self,
        tenant: &TenantId,
        leased: &Leased,
    ) -> Result<(Tx, Option<Invitation>), FinishError> {
        let mut tx = self.db.system(tenant).await?;
        leased.finish(&mut tx).await?;
        let held = store::invitation::lock(&mut tx, leased.timer.subject).await?;
        Ok((tx, held))
    }
}

#[async_trait]
impl Work for Invitations {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn batch(&self) -> u16 {
        BATCH
    }

    async fn run(&self, tenant: &TenantId, due: &[Leased]) -> anyhow::Result<()> {
        let mut steps = Vec::with_capacity(due.len());
        for leased in due {
            steps.push(self.step(tenant, leased));
        }
        let done: Vec<_> = stream::iter(steps).buffer_unordered(AT_ONCE).collect().await;
        done.into_iter().collect()
    }
}
