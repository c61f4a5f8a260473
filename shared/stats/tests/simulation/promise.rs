//! A promised rate, the measured one, and how far chance may part them.

use attune_stats::metric::{ConfidenceLevel, wilson};
use statrs::distribution::{Binomial, DiscreteCDF};

/// A promise that is just kept fails its test with at most this probability.
const CHANCE: f64 = 0.001;

/// How many times as many runs as in the suite: `SIMULATION_SCALE`, a whole number, for the long form.
fn scale() -> u64 {
    std::env::var("SIMULATION_SCALE").map_or(1, |scale| scale.parse().unwrap())
}

/// How often something happened in how many runs.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Frequency {
    pub(crate) times: u64,
    pub(crate) runs: u64,
}

impl Frequency {
    /// Runs the seeds `0..runs`, times the scale of the simulation, and counts those in which `happens`.
    pub(crate) fn of(runs: u64, happens: impl Fn(u64) -> bool) -> Self {
        let runs = runs * scale();
        Self {
            times: (0..runs).filter(|&seed| happens(seed)).count() as u64,
            runs,
        }
    }

    pub(crate) fn rate(self) -> f64 {
        self.times as f64 / self.runs as f64
    }

    /// Prints the figure and holds it to a rate that is not to be exceeded.
    pub(crate) fn at_most(self, promised: f64, what: &str) {
        let binomial = Binomial::new(promised, self.runs).unwrap();
        self.print(&format!("<= {promised}"), what);
        assert!(
            self.times == 0 || binomial.sf(self.times - 1) > CHANCE,
            "{what}: {} of {} where at most {promised} is promised",
            self.times,
            self.runs
        );
    }

    /// Prints the figure and holds it to a rate that is to be reached.
    pub(crate) fn at_least(self, promised: f64, what: &str) {
        let binomial = Binomial::new(promised, self.runs).unwrap();
        self.print(&format!(">= {promised}"), what);
        assert!(
            binomial.cdf(self.times) > CHANCE,
            "{what}: {} of {} where at least {promised} is promised",
            self.times,
            self.runs
        );
    }

    /// The measured rate with the interval that the number of runs leaves it (95 %, Wilson's).
    fn print(self, promised: &str, what: &str) {
        let (low, high) = wilson(self.times, self.runs, ConfidenceLevel::P95);
        println!(
            "{what}: promised {promised}, measured {:.4} ({low:.4} to {high:.4}) in {} runs",
            self.rate(),
            self.runs
        );
    }
}

#[test]
fn the_tolerance_is_that_of_the_binomial_distribution() {
    // Binomial(60, 0.01): P(X >= 4) = 0.0033, P(X >= 5) = 0.0004.
    Frequency { times: 4, runs: 60 }.at_most(0.01, "tolerated");
    assert!(std::panic::catch_unwind(|| Frequency { times: 5, runs: 60 }.at_most(0.01, "refused")).is_err());
    assert!(
        std::panic::catch_unwind(|| Frequency { times: 60, runs: 100 }.at_least(0.8, "refused")).is_err()
    );
}
