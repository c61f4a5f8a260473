//! What is due about invitations: one timer each, and where the invitation stands says what is to be done.

use async_trait::async_trait;
use attune_database::{Database, Tx};
use attune_rpc::TenantId;
use attune_timers::{FinishError, Leased, Work};
use chrono::{DateTime, Utc};
use futures::{StreamExt, stream};
use uuid::Uuid;

use crate::analysis::Reader;
use crate::commands::invitation::{self, Decided, Links};
use crate::domain::invitation::{Invitation, InvitationState, Person, Reservation};
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
        let reservation = self.reserve_to_ask(tenant, seen, person.as_ref()).await?;
        let (mut tx, held) = self.hold(tenant, leased).await?;
        let decided = match held.filter(|held| held.state == InvitationState::Scheduled) {
            Some(held) => {
                Some(invitation::decide(&mut tx, held, person.as_ref(), reservation.as_ref()).await?)
            }
            None => None,
        };
        if decided == Some(Decided::Unreserved) {
            // It would not have been asked a moment ago: look again, with a contact reserved.
            let now = tx.now();
            schedule(&mut tx, seen.invitation_id, now).await?;
        }
        tx.commit().await?;
        if decided == Some(Decided::Declined) {
            self.give_back(tenant, reservation).await;
        }
        Ok(())
    }

    /// Reserves the company's contact, unless the person would not be asked anyway.
    async fn reserve_to_ask(
        &self,
        tenant: &TenantId,
        seen: &Invitation,
        person: Option<&Person>,
    ) -> anyhow::Result<Option<Reservation>> {
        let mut tx = self.db.read(tenant).await?;
        let would = invitation::would_ask(&mut tx, seen, person).await?;
        tx.commit().await?;
        if !would {
            return Ok(None);
        }
        Ok(Some(self.neighbours.reserve(tenant, seen, 0).await?))
    }

    async fn give_back(&self, tenant: &TenantId, reservation: Option<Reservation>) {
        if let Some(contact_id) = reservation.and_then(|reservation| reservation.contact_id) {
            self.neighbours.release(tenant, contact_id).await;
        }
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
        self.remind(tenant, leased, seen, survey).await
    }

    /// A reminder, where one is due.
    async fn remind(
        &self,
        tenant: &TenantId,
        leased: &Leased,
        seen: &Invitation,
        survey: &Survey,
    ) -> anyhow::Result<()> {
        let now = self.db.clock().now();
        let is_due = |one: &Invitation| one.next_due(&survey.definition).is_some_and(|due| due <= now);
        let place = seen.reminders + 1;
        let reservation = if is_due(seen) {
            Some(self.neighbours.reserve(tenant, seen, place).await?)
        } else {
            None
        };
        let (mut tx, held) = self.hold(tenant, leased).await?;
        let mut reminded = false;
        if let Some(held) = held {
            match &reservation {
                Some(reservation) if is_due(&held) && held.reminders + 1 == place => {
                    reminded = invitation::remind(&mut tx, held, &survey.definition, reservation).await?;
                }
                _ => {
                    if let Some(due) = held.next_due(&survey.definition) {
                        schedule(&mut tx, held.invitation_id, due).await?;
                    }
                }
            }
        }
        tx.commit().await?;
        if !reminded {
            self.give_back(tenant, reservation).await;
        }
        Ok(())
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
