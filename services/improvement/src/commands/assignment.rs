//! Assigning customers to the arms of pilots, and recording what happened to them.

use std::collections::{HashMap, HashSet};

use attune_database::{Database, Tx, Write};
use attune_rpc::{Page, RequestKey, TenantId, Violations};
use uuid::Uuid;

use crate::domain::{Arm, Assignment, Candidate, Exposure, Pilot, PilotLook, WrongState};
use crate::error::Error;
use crate::{events, store};

/// Customers who ask for an arm.
#[derive(Debug)]
pub(crate) struct Assign {
    pub(crate) pilot_id: Uuid,
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) key: RequestKey,
}

/// Customers who met the place where the change is.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) pilot_id: Uuid,
    pub(crate) exposures: Vec<Exposure>,
    pub(crate) key: RequestKey,
}

/// Tells in which arm customers are, in their order, and records it the first time.
pub(crate) async fn assign(
    db: &Database,
    tenant: &TenantId,
    assign: Assign,
) -> Result<Vec<Assignment>, Error> {
    let Assign {
        pilot_id,
        candidates,
        key,
    } = assign;
    let profiles: Vec<Uuid> = candidates.iter().map(|one| one.profile_id).collect();
    let mut tx = match db.write(tenant, &key, pilot_id).await? {
        Write::Fresh(mut tx) => {
            let pilot = running(&mut tx, pilot_id).await?;
            check_strata(&pilot, &candidates)?;
            let (share, now) = (pilot.design().treated_share, tx.now());
            let mut assignments: Vec<_> = candidates
                .into_iter()
                .map(|candidate| Assignment::by_hash(pilot_id, candidate, share, now))
                .collect();
            // In one order, so that two who assign the same customers do not wait in a circle.
            assignments.sort_unstable_by_key(|one| one.profile_id);
            store::assignment::insert(&mut tx, pilot_id, &assignments).await?;
            tx
        }
        Write::Repeat(_) => db.read(tenant).await?,
    };
    let stored = store::assignment::of_profiles(&mut tx, pilot_id, &profiles).await?;
    tx.commit().await?;
    let mut stored: HashMap<Uuid, Assignment> = stored.into_iter().map(|one| (one.profile_id, one)).collect();
    profiles
        .into_iter()
        .map(|profile_id| stored.remove(&profile_id).ok_or(Error::NoAssignment(profile_id)))
        .collect()
}

/// The pilot, kept running until the transaction ends.
async fn running(tx: &mut Tx, pilot_id: Uuid) -> Result<Pilot, Error> {
    let pilot = store::pilot::share(tx, pilot_id)
        .await?
        .ok_or(Error::NoPilot(pilot_id))?;
    pilot.check_running()?;
    Ok(pilot)
}

fn check_strata(pilot: &Pilot, candidates: &[Candidate]) -> Result<(), attune_rpc::Error> {
    let strata = &pilot.setup.strata;
    let mut violations = Violations::default();
    for (place, candidate) in candidates.iter().enumerate() {
        let fits = if strata.is_empty() {
            candidate.stratum.is_empty()
        } else {
            strata.contains(&candidate.stratum)
        };
        if !fits {
            let rule = if strata.is_empty() {
                "must be empty: the pilot has no strata".to_owned()
            } else {
                format!("must be one of the pilot's strata: {}", strata.join(", "))
            };
            violations.add(format!("candidates[{place}].stratum"), rule);
        }
    }
    if violations.is_empty() {
        Ok(())
    } else {
        Err(attune_rpc::Error::invalid(violations))
    }
}

/// Records exposures; answers those of the control arm who got the change all the same, whenever that was first told.
pub(crate) async fn record(db: &Database, tenant: &TenantId, record: Record) -> Result<Vec<Uuid>, Error> {
    let Record {
        pilot_id,
        exposures,
        key,
    } = record;
    let profiles: Vec<Uuid> = exposures.iter().map(|one| one.profile_id).collect();
    let mut tx = match db.write(tenant, &key, pilot_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(_) => {
            let mut tx = db.read(tenant).await?;
            let known = store::assignment::of_profiles(&mut tx, pilot_id, &profiles).await?;
            tx.commit().await?;
            return Ok(contaminated(&known, &exposures));
        }
    };
    let known = store::assignment::of_profiles(&mut tx, pilot_id, &profiles).await?;
    let contaminated = contaminated(&known, &exposures);
    // What is told is numbered, so the pilot is locked then; else nobody waits for anybody.
    let mut pilot = if contaminated.is_empty() {
        store::pilot::share(&mut tx, pilot_id).await?
    } else {
        store::pilot::lock(&mut tx, pilot_id).await?
    }
    .ok_or(Error::NoPilot(pilot_id))?;
    pilot.check_running()?;
    if let Some(stranger) = profiles
        .iter()
        .find(|profile| known.iter().all(|one| one.profile_id != **profile))
    {
        let message =
            format!("the profile {stranger} was never assigned; ask for its arm before it meets the change");
        return Err(WrongState::new("unassigned", message).into());
    }
    let fresh = store::assignment::expose(&mut tx, pilot_id, &exposures).await?;
    if !fresh.is_empty() {
        events::pilot::contaminated(&mut tx, &mut pilot, &fresh).await?;
        store::pilot::update(&mut tx, &pilot).await?;
    }
    tx.commit().await?;
    Ok(contaminated)
}

/// Those who are said to have got the change and are in the control arm.
fn contaminated(known: &[Assignment], exposures: &[Exposure]) -> Vec<Uuid> {
    let control: HashSet<Uuid> = known
        .iter()
        .filter(|one| one.arm == Arm::Control)
        .map(|one| one.profile_id)
        .collect();
    exposures
        .iter()
        .filter(|one| one.treated && control.contains(&one.profile_id))
        .map(|one| one.profile_id)
        .collect()
}

/// In which arm a customer is, and why.
pub(crate) async fn explain(
    db: &Database,
    tenant: &TenantId,
    (pilot_id, profile_id): (Uuid, Uuid),
) -> Result<Assignment, Error> {
    let mut tx = db.read(tenant).await?;
    store::pilot::by_id(&mut tx, pilot_id)
        .await?
        .ok_or(Error::NoPilot(pilot_id))?;
    let found = store::assignment::of_profiles(&mut tx, pilot_id, &[profile_id]).await?;
    tx.commit().await?;
    found.into_iter().next().ok_or(Error::NoAssignment(profile_id))
}

/// Reads a page of the statements about a pilot, the first one first, and the token of the next.
pub(crate) async fn looks(
    db: &Database,
    tenant: &TenantId,
    pilot_id: Uuid,
    page: &Page<i32>,
) -> Result<(Vec<PilotLook>, String), Error> {
    let mut tx = db.read(tenant).await?;
    store::pilot::by_id(&mut tx, pilot_id)
        .await?
        .ok_or(Error::NoPilot(pilot_id))?;
    let mut looks = store::pilot::looks(&mut tx, pilot_id, page.after().copied(), page.limit()).await?;
    tx.commit().await?;
    let next = page.next(&mut looks, |last| last.statement)?;
    Ok((looks, next))
}
