//! What each feature is worth, as a hash table that is used where it lies.
//!
//! A slot holds a check of the feature and its weights; zero for the check means that it is free. A feature that is not
//! in the table is taken for another one only when their checks agree, once in hundreds of features.

use super::WEIGHTS;

/// Where a look may begin. Half of the slots stay free, so that two of them tell that a feature is not there.
const HOMES: usize = 1 << 21;
/// Slots of a table: a look that begins at the last home ends within it.
pub(super) const SLOTS: usize = HOMES + LONGEST_LOOK;
/// Bytes of a slot.
pub(super) const SLOT: usize = 1 + WEIGHTS;
/// So many slots are looked at for a feature at most.
const LONGEST_LOOK: usize = 32;

pub(super) type Slot = [u8; SLOT];

/// A table with these weights. Of features that want the same place the first gets it.
pub(super) fn fill(weights: impl IntoIterator<Item = (u32, [u8; WEIGHTS])>) -> Vec<Slot> {
    let mut slots = vec![[0; SLOT]; SLOTS];
    for (feature, [negative, positive]) in weights {
        let (home, check) = (home(feature), check(feature));
        let free_or_same = slots[home..home + LONGEST_LOOK]
            .iter_mut()
            .find(|slot| slot[0] == 0 || slot[0] == check);
        if let Some(slot @ [0, ..]) = free_or_same {
            *slot = [check, negative, positive];
        }
    }
    slots
}

/// The weights of a feature; zero for those that are not there.
pub(super) fn find(slots: &[Slot], feature: u32) -> [i8; WEIGHTS] {
    let (home, sought) = (home(feature), check(feature));
    for &[check, negative, positive] in slots.get(home..home + LONGEST_LOOK).unwrap_or_default() {
        if check == sought {
            return [negative.cast_signed(), positive.cast_signed()];
        }
        if check == 0 {
            break;
        }
    }
    [0; WEIGHTS]
}

/// Where the look for a feature begins: the place that its high bits say.
const fn home(feature: u32) -> usize {
    (feature >> (u32::BITS - HOMES.ilog2())) as usize
}

/// One to 255, of the low bits.
const fn check(feature: u32) -> u8 {
    (feature % 255) as u8 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_found_and_nothing_else() {
        // Neighbours, also at the end of the table.
        let features = [5, 6, 7, u32::MAX, u32::MAX - 1];
        let slots = fill(
            (1..)
                .zip(features)
                .map(|(weight, feature)| (feature, [weight, 0])),
        );
        for (weight, feature) in (1..).zip(features) {
            assert_eq!(find(&slots, feature), [weight, 0]);
        }
        assert_eq!(find(&slots, 8), [0, 0]);
        assert_eq!(find(&slots, 1 << 20), [0, 0]);
        assert_eq!(find(&[], 5), [0, 0]);
    }

    #[test]
    fn the_first_of_two_that_cannot_be_told_apart_stays() {
        let slots = fill([(0, [1, 1]), (255, [2, 2])]);
        assert_eq!(find(&slots, 255), [1, 1]);
    }

    #[test]
    fn a_full_table_ends_every_look() {
        let crowd = (0..1_000_u32).map(|feature| (feature, [1, 1]));
        let slots = fill(crowd);
        let taken = slots.iter().filter(|slot| slot[0] > 0).count();
        assert_eq!(taken, LONGEST_LOOK);
        assert_eq!(find(&slots, 999), [0, 0]);
    }
}
