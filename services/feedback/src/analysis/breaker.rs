//! When to stop asking somebody who does not answer.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Failures in a row after which it is not asked any more.
const FAILURES: u32 = 3;
/// How long it is left alone; then one call tries it, and the next comes after another such rest.
const REST: Duration = Duration::from_secs(30);

/// A circuit breaker: closed while calls succeed, open after some failures in a row. Real time, as for everything
/// about connections.
#[derive(Debug, Default)]
pub(crate) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// Set while it is open.
    rests_until: Option<Instant>,
}

impl Breaker {
    /// Whether to call at `now`. When a rest is over, it lets one caller through and the others go on resting.
    pub(crate) fn allows(&self, now: Instant) -> bool {
        let mut state = self.state();
        match state.rests_until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => {
                state.rests_until = Some(now + REST);
                true
            }
        }
    }

    /// A call succeeded: everybody may call.
    pub(crate) fn succeeded(&self) {
        *self.state() = State::default();
    }

    /// A call failed; answers whether that opened it.
    pub(crate) fn failed(&self, now: Instant) -> bool {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        let opened = state.failures == FAILURES;
        if state.failures >= FAILURES {
            state.rests_until = Some(now + REST);
        }
        opened
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_failures_in_a_row_nobody_calls_until_one_may_try_again() {
        let (breaker, begin) = (Breaker::default(), Instant::now());
        let opened: Vec<bool> = (0..3).map(|_| breaker.failed(begin)).collect();
        assert_eq!(opened, [false, false, true]);
        assert!(!breaker.allows(begin + REST / 2));
        let later = begin + REST;
        assert!(breaker.allows(later), "one tries");
        assert!(!breaker.allows(later), "and the others wait for what comes of it");
        breaker.succeeded();
        assert!(breaker.allows(later) && breaker.allows(later));
    }

    #[test]
    fn a_success_between_failures_starts_the_count_again() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        for _ in 0..5 {
            breaker.failed(now);
            breaker.failed(now);
            assert!(breaker.allows(now));
            breaker.succeeded();
        }
    }

    #[test]
    fn a_try_that_fails_makes_it_rest_again() {
        let (breaker, begin) = (Breaker::default(), Instant::now());
        for _ in 0..3 {
            breaker.failed(begin);
        }
        let later = begin + REST;
        assert!(breaker.allows(later));
        assert!(!breaker.failed(later), "it was open already");
        assert!(!breaker.allows(later + REST / 2));
        assert!(breaker.allows(later + REST));
    }
}
