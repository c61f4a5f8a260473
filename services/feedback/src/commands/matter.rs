//! Following matters: what is heard of interactions, and who came again.

use std::collections::BTreeMap;

use attune_database::Tx;
use uuid::Uuid;

use crate::domain::{MatterContact, MatterTally};
use crate::store;

/// Takes in contacts, recorded or closed, in the transaction in which they count as heard; with them the counts, also
/// those of matters that look otherwise now because of something that happened before and is heard of late.
///
/// A closing stays as it was first heard, and nothing is unheard: a contact can only become a repeat, and a matter one
/// about which the customer came again. So the order in which things are heard makes no difference in the end.
pub(crate) async fn hear(tx: &mut Tx, heard: Vec<MatterContact>) -> Result<(), sqlx::Error> {
    let contacts = together(heard);
    let ids: Vec<Uuid> = contacts.iter().map(|contact| contact.interaction_id).collect();
    let mut before = store::matter::by_ids(tx, &ids).await?;
    store::matter::keep(tx, &contacts).await?;
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
    let after = store::matter::by_ids(tx, &touched).await?;
    let (mut gone, mut new) = (MatterTally::of(&before), MatterTally::of(&after));
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
        known.closed_at = known.closed_at.or(contact.closed_at);
    }
    contacts.into_values().collect()
}
