//! When the manager of a replay declares rollouts.

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};

use crate::change::Change;

/// The longest time between an issue and its rollout, where nobody says when anything went live.
const PREPARATION: TimeDelta = TimeDelta::days(7);
/// The latest verdict after a rollout, in days.
const LONGEST_DEADLINE: i64 = 28;
/// Where at least so many days are left after the first rollout, half of them are kept for a second one.
const ROOM_FOR_TWO: i64 = 16;

/// Rollouts of one initiative that are played. Where nothing is known to have changed, trying again and again would
/// sooner or later meet a change that came by itself.
const PLAYED_TRIES: i32 = 2;

/// A rollout to be declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rollout {
    pub(crate) at: DateTime<Utc>,
    /// In words for customers.
    pub(crate) change: String,
    /// Whether something is known to have gone live then.
    pub(crate) real: bool,
}

/// Where rollouts come from.
#[derive(Clone, Debug)]
pub(crate) struct Timetable {
    /// What really went live; without it rollouts are played.
    changes: Option<Vec<Change>>,
    /// The end of observation.
    end: DateTime<Utc>,
}

impl Timetable {
    pub(crate) fn new(changes: Option<Vec<Change>>, end: DateTime<Utc>) -> Self {
        Self { changes, end }
    }

    /// The rollout of this iteration, the first one after `now` for an issue of this product and topic, if it can be judged before the end
    /// of observation: silence after the end is no success.
    pub(crate) fn next(
        &self,
        (product, topic): (&str, &str),
        iteration: i32,
        now: DateTime<Utc>,
    ) -> Option<Rollout> {
        let rollout = match &self.changes {
            Some(changes) => changes
                .iter()
                .find(|change| change.at > now && change.concerns(product, topic))
                .map(|change| Rollout {
                    at: full_hour(change.at),
                    change: change.words.clone(),
                    real: true,
                }),
            None if iteration > PLAYED_TRIES => None,
            None => Some(Rollout {
                at: full_hour(now + PREPARATION.min((self.end - now) / 4)),
                change: format!(
                    "We have read what you told us about {} and take it up.",
                    named(product)
                ),
                real: false,
            }),
        };
        rollout.filter(|rollout| rollout.at > now && rollout.at + TimeDelta::days(1) <= self.end)
    }

    /// How many days after a rollout its verdict is due at the latest, so that the last rollout's is due before
    /// the end of observation.
    pub(crate) fn deadline_days(&self, (product, topic): (&str, &str), now: DateTime<Utc>) -> i32 {
        let last = match &self.changes {
            Some(changes) => changes
                .iter()
                .rfind(|c| c.at > now && c.concerns(product, topic))
                .map(|c| full_hour(c.at)),
            None => self.next((product, topic), 1, now).map(|rollout| rollout.at),
        };
        let left = (self.end - last.unwrap_or(self.end)).num_days();
        let days = if self.changes.is_none() && left >= ROOM_FOR_TWO {
            left / 2
        } else {
            left
        };
        i32::try_from(days.clamp(1, LONGEST_DEADLINE)).unwrap_or(1)
    }

    /// The end of observation.
    pub(crate) fn end(&self) -> DateTime<Utc> {
        self.end
    }
}

fn named(product: &str) -> &str {
    if product.is_empty() {
        "our service"
    } else {
        product
    }
}

/// The instant itself, or the full hour after it: a replay stands at full hours.
pub(crate) fn full_hour(at: DateTime<Utc>) -> DateTime<Utc> {
    // Fails only beyond the years that the input is limited to.
    at.duration_trunc(TimeDelta::hours(1)).map_or(at, |start| {
        if start < at {
            start + TimeDelta::hours(1)
        } else {
            at
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn change(time: &str, product: &str) -> Change {
        Change {
            at: at(time),
            product: product.to_owned(),
            topic: String::new(),
            words: time.to_owned(),
        }
    }

    #[test]
    fn a_rollout_is_declared_when_the_change_went_live() {
        let changes = vec![
            change("2026-02-01T09:30:00Z", "Card"),
            change("2026-02-05T09:00:00Z", ""),
        ];
        let table = Timetable::new(Some(changes), at("2026-03-01T00:00:00Z"));
        let of = |product, now: &str| {
            table
                .next((product, "delay"), 1, at(now))
                .map(|rollout| rollout.at)
        };
        assert_eq!(
            of("Card", "2026-01-20T00:00:00Z"),
            Some(at("2026-02-01T10:00:00Z"))
        );
        assert_eq!(
            of("App", "2026-01-20T00:00:00Z"),
            Some(at("2026-02-05T09:00:00Z"))
        );
        assert_eq!(of("App", "2026-02-05T09:00:00Z"), None);
        assert_eq!(
            table.deadline_days(("Card", "delay"), at("2026-01-20T00:00:00Z")),
            23
        );
    }

    #[test]
    fn nothing_is_rolled_out_that_cannot_be_judged_before_the_data_end() {
        let table = Timetable::new(None, at("2026-02-10T00:00:00Z"));
        let played = table.next(("", "delay"), 1, at("2026-02-06T00:00:00Z")).unwrap();
        assert_eq!((played.at, played.real), (at("2026-02-07T00:00:00Z"), false));
        assert_eq!(table.deadline_days(("", "delay"), at("2026-02-06T00:00:00Z")), 3);
        assert_eq!(table.next(("", "delay"), 1, at("2026-02-08T23:00:00Z")), None);
        let late = Timetable::new(
            Some(vec![change("2026-02-09T12:00:00Z", "")]),
            at("2026-02-10T00:00:00Z"),
        );
        assert_eq!(late.next(("", "delay"), 1, at("2026-02-06T00:00:00Z")), None);
    }

    #[test]
    fn a_long_file_leaves_room_for_a_second_try() {
        let table = Timetable::new(None, at("2026-03-31T00:00:00Z"));
        let now = at("2026-03-01T00:00:00Z");
        assert_eq!(
            table.next(("", "delay"), 2, now).unwrap().at,
            at("2026-03-08T00:00:00Z")
        );
        assert_eq!(table.next(("", "delay"), 3, now), None, "and for no third one");
        assert_eq!(table.deadline_days(("", "delay"), now), 11);
    }
}
