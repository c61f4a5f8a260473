//! Matters that customers' contacts open: when they count as resolved at the first contact.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Grain, hour_of};

/// How long after the closing a contact about the same matter means that it was not resolved (version 1 of the metric).
pub(crate) const SETTLES_AFTER: TimeDelta = TimeDelta::days(7);
/// How long a first contact may last: what the customer says meanwhile in an open matter belongs to it.
const FIRST_CONTACT: TimeDelta = TimeDelta::hours(24);

/// Who turned to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Direction {
    /// A customer to the company.
    Inbound,
    /// An agent to a customer.
    Outbound,
}

/// An interaction as far as matters go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MatterContact {
    pub(crate) interaction_id: Uuid,
    pub(crate) profile_id: Option<Uuid>,
    pub(crate) direction: Direction,
    /// The company's own id of the matter; empty where it has none.
    pub(crate) matter_id: String,
    pub(crate) product: String,
    pub(crate) channel: String,
    pub(crate) touchpoint: String,
    pub(crate) occurred_at: DateTime<Utc>,
    /// When the matter that it opened was closed; of a customer's contact alone.
    pub(crate) closed_at: Option<DateTime<Utc>>,
    /// How long the customer waited, where the channel knows.
    pub(crate) waited: Option<TimeDelta>,
    /// Whether the customer came again about the matter.
    pub(crate) came_again: bool,
    /// Whether the customer came again with this one.
    pub(crate) is_repeat: bool,
}

/// The row of matters' counts. Ordered as the table's key is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MatterKey {
    pub(crate) grain: Grain,
    pub(crate) start: DateTime<Utc>,
    pub(crate) product: String,
    pub(crate) channel: String,
    pub(crate) touchpoint: String,
}

/// What is added to a row, or taken from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct MatterSum {
    pub(crate) matters: i64,
    pub(crate) came_again: i64,
}

/// What some contacts add to all rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MatterTally {
    pub(crate) rows: BTreeMap<MatterKey, MatterSum>,
}

/// Counts of a slice that begin at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MatterCount {
    pub(crate) start: DateTime<Utc>,
    pub(crate) matters: i64,
    pub(crate) came_again: i64,
}

/// Which matters are old enough at `now` to tell whether the customer came again: those closed before. A full hour,
/// because counts are kept by the hour.
pub(crate) fn settled_before(now: DateTime<Utc>) -> DateTime<Utc> {
    hour_of(now - SETTLES_AFTER)
}

impl MatterContact {
    /// Between which instants another contact about the same matter comes again: the first is not among them, the
    /// second is. None while it is open.
    pub(crate) fn again_between(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let closed_at = self.closed_at?;
        let first_contact_ends = closed_at.min(self.occurred_at + FIRST_CONTACT);
        Some((first_contact_ends, closed_at + SETTLES_AFTER))
    }

    /// When the matter that counts was closed; none where there is none.
    fn counts_at(&self) -> Option<DateTime<Utc>> {
        let known = self.profile_id.is_some() && !self.is_repeat;
        self.closed_at.filter(|_| known)
    }
}

impl MatterTally {
    /// The sum over `contacts`.
    pub(crate) fn of<'a>(contacts: impl IntoIterator<Item = &'a MatterContact>) -> Self {
        let mut tally = Self::default();
        for contact in contacts {
            let Some(closed_at) = contact.counts_at() else {
                continue;
            };
            for grain in [Grain::Hour, Grain::Day] {
                let key = MatterKey {
                    grain,
                    start: grain.start_of(closed_at),
                    product: contact.product.clone(),
                    channel: contact.channel.clone(),
                    touchpoint: contact.touchpoint.clone(),
                };
                let sum = tally.rows.entry(key).or_default();
                sum.matters += 1;
                sum.came_again += i64::from(contact.came_again);
            }
        }
        tally
    }

    /// Leaves out of both the rows in which nothing changes.
    pub(crate) fn without_common(&mut self, other: &mut Self) {
        self.rows.retain(|key, sum| {
            let same = other.rows.get(key) == Some(sum);
            if same {
                other.rows.remove(key);
            }
            !same
        });
    }
}

#[cfg(test)]
mod tests {
    use attune_stats::MetricId;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn contact(occurred_at: &str, closed_at: Option<&str>) -> MatterContact {
        MatterContact {
            interaction_id: Uuid::nil(),
            profile_id: Some(Uuid::nil()),
            direction: Direction::Inbound,
            matter_id: String::new(),
            product: "North".into(),
            channel: "phone".into(),
            touchpoint: String::new(),
            occurred_at: at(occurred_at),
            closed_at: closed_at.map(at),
            waited: None,
            came_again: false,
            is_repeat: false,
        }
    }

    #[test]
    fn a_first_contact_lasts_until_the_closing_and_no_longer_than_a_day() {
        let call = contact("2026-03-01T10:00:00Z", Some("2026-03-01T10:20:00Z"));
        assert_eq!(
            call.again_between(),
            Some((at("2026-03-01T10:20:00Z"), at("2026-03-08T10:20:00Z")))
        );
        let ticket = contact("2026-03-01T10:00:00Z", Some("2026-03-11T12:00:00Z"));
        assert_eq!(
            ticket.again_between(),
            Some((at("2026-03-02T10:00:00Z"), at("2026-03-18T12:00:00Z")))
        );
        assert_eq!(contact("2026-03-01T10:00:00Z", None).again_between(), None);
    }

    #[test]
    fn the_definition_that_is_shown_says_the_same_times() {
        let formula = MetricId::FirstContactResolution.definition().formula;
        assert!(formula.contains(&format!("{} days after the closing", SETTLES_AFTER.num_days())));
        assert!(formula.contains(&format!("at most {} hours", FIRST_CONTACT.num_hours())));
    }

    #[test]
    fn a_matter_counts_in_the_hour_and_the_day_of_its_closing_and_a_repeated_one_does_not() {
        let over = contact("2026-03-01T10:00:00Z", Some("2026-03-02T11:30:00Z"));
        let again = MatterContact {
            came_again: true,
            ..over.clone()
        };
        let repeat = MatterContact {
            is_repeat: true,
            ..over.clone()
        };
        let open = contact("2026-03-01T10:00:00Z", None);
        let nobody = MatterContact {
            profile_id: None,
            ..over.clone()
        };
        let tally = MatterTally::of([&over, &again, &repeat, &open, &nobody]);
        let rows: Vec<_> = tally.rows.iter().map(|(key, sum)| (key.start, *sum)).collect();
        let both = MatterSum {
            matters: 2,
            came_again: 1,
        };
        assert_eq!(
            rows,
            [
                (at("2026-03-02T11:00:00Z"), both),
                (at("2026-03-02T00:00:00Z"), both)
            ]
        );
    }

    #[test]
    fn a_matter_is_old_enough_when_the_hour_of_its_closing_is() {
        assert_eq!(
            settled_before(at("2026-03-09T10:59:59Z")),
            at("2026-03-02T10:00:00Z")
        );
    }
}
