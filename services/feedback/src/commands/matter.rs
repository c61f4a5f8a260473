//! Following matters: what is heard of interactions, what was understood of them, and who came again.

use std::collections::BTreeMap;

use attune_database::Tx;
use uuid::Uuid;

use crate::domain::{Feedback, MatterContact, MatterTally, Origin};
use crate::store;

/// Takes in contacts, recorded or closed, in the transaction in which they count as heard; with them the counts, also
/// those of matters that look otherwise now because of something that happened before and is heard of late.
///
/// A closing stays as it was first heard, and nothing is unheard: a contact can only become a repeat, and a matter one
/// about which the customer came again. So the order in which things are heard makes no difference in the end.
pub(crate) async fn hear(tx: &mut Tx, heard: Vec<MatterContact>) -> Result<(), sqlx::Error> {
    let contacts = together(heard);
    let ids: Vec<Uuid> = contacts.iter().map(|contact| contact.interaction_id).collect();
    store::matter::hold(tx).await?;
    let mut before = store::matter::by_ids(tx, &ids).await?;
    store::matter::keep(tx, &contacts).await?;
    store::matter::take_codings(tx, &ids).await?;
    // The subscription's cursor is held: of two that heard at the same time neither would see the other's contacts.
    let came_again = store::matter::newly_came_again(tx, &ids).await?;
    let repeats = store::matter::newly_repeats(tx, &ids).await?;
    let mut touched: Vec<Uuid> = came_again.iter().chain(&repeats).copied().collect();
    touched.sort_unstable();
    touched.dedup();
    touched.retain(|id| ids.binary_search(id).is_err());
    if !came_again.is_empty() || !repeats.is_empty() {
        before.extend(store::matter::by_ids(tx, &touched).await?);
        store::matter::mark(tx, &came_again, &repeats).await?;
    }
    touched.extend(&ids);
    recount(tx, &before, &touched).await
}

/// Takes in what was understood of contacts, in the transaction in which it stands from now on: the feedback of others
/// is passed over. A contact that is not heard of yet takes it when it is.
pub(crate) async fn understood<'a>(
    tx: &mut Tx,
    feedback: impl IntoIterator<Item = &'a Feedback>,
) -> Result<(), sqlx::Error> {
    let drafts = feedback.into_iter().map(|item| &item.draft);
    let said = drafts.filter(|draft| draft.origin == Origin::Interaction);
    let ids: Vec<Uuid> = said.filter_map(|draft| draft.interaction_id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    store::matter::hold(tx).await?;
    let before = store::matter::by_ids(tx, &ids).await?;
    if before.is_empty() {
        return Ok(());
    }
    store::matter::take_codings(tx, &ids).await?;
    // What is open counts nowhere yet.
    let closed = before.iter().filter(|contact| contact.closed_at.is_some());
    let closed: Vec<Uuid> = closed.map(|contact| contact.interaction_id).collect();
    if closed.is_empty() {
        return Ok(());
    }
    recount(tx, &before, &closed).await
}

/// Counts contacts as they stand now, in the place of how they stood before.
async fn recount(tx: &mut Tx, before: &[MatterContact], ids: &[Uuid]) -> Result<(), sqlx::Error> {
    let mut after = store::matter::by_ids(tx, ids).await?;
    let mut marked = Vec::new();
    for contact in &mut after {
        let counts = contact.counts_as_again();
        if contact.sliced_as_again != counts {
            contact.sliced_as_again = counts;
            marked.push(contact.clone());
        }
    }
    if !marked.is_empty() {
        store::matter::mark_sliced(tx, &marked).await?;
    }
    let (mut gone, mut new) = (MatterTally::of(before), MatterTally::of(&after));
    gone.without_common(&mut new);
    store::matter::subtract(tx, &gone).await?;
    store::matter::add(tx, &new).await
}

/// Each contact once, in the order of their ids, closed where anything heard of it says so.
fn together(heard: Vec<MatterContact>) -> Vec<MatterContact> {
    let mut contacts: BTreeMap<Uuid, MatterContact> = BTreeMap::new();
    for contact in heard {
        let known = contacts
            .entry(contact.interaction_id)
            .or_insert_with(|| contact.clone());
        if known.closed_at.is_none() {
            *known = contact;
        }
    }
    contacts.into_values().collect()
}
