//! Rests that grow while something keeps failing.

use std::time::Duration;

/// Doubles from `first` to `most`, each with up to a quarter taken off at random so that replicas spread.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    most: Duration,
    next: Duration,
}

impl Backoff {
    pub(crate) fn new(first: Duration, most: Duration) -> Self {
        Self {
            first,
            most,
            next: first,
        }
    }

    pub(crate) fn reset(&mut self) {
        self.next = self.first;
    }

    pub(crate) fn next(&mut self) -> Duration {
        let rest = self.next;
        self.next = (rest * 2).min(self.most);
        rest.mul_f64(rand::random_range(0.75..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_grow_to_the_most_and_start_over_after_success() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_millis(300));
        let rests: Vec<_> = (0..4).map(|_| backoff.next().as_millis()).collect();
        for (rest, full) in rests.iter().zip([100, 200, 300, 300]) {
            assert!((full * 3 / 4..=full).contains(rest), "{rests:?}");
        }
        backoff.reset();
        assert!(backoff.next().as_millis() <= 100);
    }
}
