//! Who was hit.

use std::collections::BTreeMap;

use uuid::Uuid;

/// A mention that a hot issue was found from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Evidence {
    pub(crate) feedback_id: Uuid,
    /// None when the person is not known.
    pub(crate) profile_id: Option<Uuid>,
}

/// A person who was hit, and what they said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) profile_id: Uuid,
    pub(crate) feedback_ids: Vec<Uuid>,
}

/// Everybody who was hit when a hot issue was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cohort {
    /// Each person once, by id.
    pub(crate) members: Vec<Member>,
    /// Mentions of persons who are not known.
    pub(crate) anonymous: Vec<Uuid>,
}

impl Cohort {
    /// The most entries of either kind in one part.
    pub(crate) const PART: usize = 500;

    pub(crate) fn of(evidence: &[Evidence]) -> Self {
        let mut members = BTreeMap::<Uuid, Vec<Uuid>>::new();
        let mut anonymous = Vec::new();
        for mention in evidence {
            match mention.profile_id {
                Some(profile_id) => members.entry(profile_id).or_default().push(mention.feedback_id),
                None => anonymous.push(mention.feedback_id),
            }
        }
        let member = |(profile_id, feedback_ids)| Member {
            profile_id,
            feedback_ids,
        };
        Self {
            members: members.into_iter().map(member).collect(),
            anonymous,
        }
    }

    /// Its parts in order; one at least, so that whoever waits for a cohort learns that it is empty.
    pub(crate) fn parts(&self) -> Vec<(&[Member], &[Uuid])> {
        let count = self
            .members
            .len()
            .max(self.anonymous.len())
            .div_ceil(Self::PART)
            .max(1);
        let members = self.members.chunks(Self::PART).chain(std::iter::repeat(&[][..]));
        let anonymous = self
            .anonymous
            .chunks(Self::PART)
            .chain(std::iter::repeat(&[][..]));
        members.zip(anonymous).take(count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_hit_once_however_often_they_say_it() {
        let (person, ids) = (Uuid::now_v7(), [Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7()]);
        let evidence = [Some(person), None, Some(person)];
        let evidence: Vec<Evidence> = ids
            .iter()
            .zip(evidence)
            .map(|(&feedback_id, profile_id)| Evidence {
                feedback_id,
                profile_id,
            })
            .collect();
        let cohort = Cohort::of(&evidence);
        assert_eq!(
            cohort.members,
            [Member {
                profile_id: person,
                feedback_ids: vec![ids[0], ids[2]]
            }]
        );
        assert_eq!(cohort.anonymous, [ids[1]]);
    }

    #[test]
    fn parts_hold_everybody_and_no_more_than_they_may() {
        let member = |_| Member {
            profile_id: Uuid::now_v7(),
            feedback_ids: vec![],
        };
        let cohort = Cohort {
            members: (0..1201).map(member).collect(),
            anonymous: vec![Uuid::now_v7(); 501],
        };
        let sizes: Vec<_> = cohort
            .parts()
            .iter()
            .map(|(known, unknown)| (known.len(), unknown.len()))
            .collect();
        assert_eq!(sizes, [(500, 500), (500, 1), (201, 0)]);
        assert_eq!(Cohort::default().parts().len(), 1);
    }
}
