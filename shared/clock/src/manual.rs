//! A clock that a test or a replay moves by hand.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

/// The hand of a manual [`Clock`](crate::Clock). Time only moves forward: a platform that saw an instant
/// must never see an earlier one.
#[derive(Clone, Debug)]
pub struct ManualClock {
    instant: Arc<watch::Sender<DateTime<Utc>>>,
}

impl ManualClock {
    pub(crate) fn at(start: DateTime<Utc>) -> Self {
        Self {
            instant: Arc::new(watch::Sender::new(start)),
        }
    }

    /// Moves to `instant`; an earlier one is ignored.
    pub fn advance_to(&self, instant: DateTime<Utc>) {
        self.instant.send_if_modified(|now| {
            let moved = instant > *now;
            if moved {
                *now = instant;
            }
            moved
        });
    }

    /// Moves forward by `step`.
    pub fn advance(&self, step: TimeDelta) {
        let now = *self.instant.borrow();
        self.advance_to(now + step);
    }
}

impl crate::Source for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.instant.borrow()
    }
    fn moves(&self) -> Option<watch::Receiver<DateTime<Utc>>> {
        Some(self.instant.subscribe())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Clock;

    fn noon() -> DateTime<Utc> {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn it_stands_still_until_moved() {
        let (clock, hand) = Clock::manual(noon());
        assert_eq!(clock.now(), noon());
        hand.advance(TimeDelta::hours(3));
        assert_eq!(clock.now(), noon() + TimeDelta::hours(3));
    }

    #[test]
    fn it_never_goes_back() {
        let (clock, hand) = Clock::manual(noon());
        hand.advance_to(noon() - TimeDelta::days(1));
        assert_eq!(clock.now(), noon());
    }

    #[tokio::test]
    async fn a_move_between_the_look_and_the_wait_is_not_missed() {
        let (clock, hand) = Clock::manual(noon());
        let mut moves = clock.moves();
        hand.advance(TimeDelta::seconds(1));
        moves.next().await;
        assert_eq!(clock.now(), noon() + TimeDelta::seconds(1));
    }
}
