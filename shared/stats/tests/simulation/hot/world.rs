//! Worlds of hourly counts with a daily and weekly rhythm.

use attune_stats::hot::{self, History, Run, Settings};
use chrono::{DateTime, TimeDelta, Utc};

use crate::random::Random;

pub(crate) const PRODUCTS: [&str; 3] = ["red", "green", "blue"];

/// Topics whose level varies from day to day by a gamma factor: negative binomial days.
#[derive(Debug, Clone, Copy)]
pub(crate) struct World {
    pub(crate) days: i64,
    pub(crate) topics: usize,
    pub(crate) mentions_per_day: f64,
    /// The variance of a topic's level between days, relative to its square; 0 gives Poisson days.
    pub(crate) overdispersion: f64,
    /// By what the last day's mentions of topic 0 in the first product are multiplied.
    pub(crate) outbreak: f64,
    /// By what everything on the last day is multiplied.
    pub(crate) busy: f64,
}

pub(crate) const QUIET: World = World {
    days: 28,
    topics: 6,
    mentions_per_day: 25.0,
    overdispersion: 0.0,
    outbreak: 1.0,
    busy: 1.0,
};

pub(crate) fn now() -> DateTime<Utc> {
    "2026-05-07T09:00:00Z".parse().unwrap()
}

/// The volume of an hour that ended `ago` hours before now, relative to an average one.
fn rhythm(ago: i64) -> f64 {
    let daily = 1.0 - 0.7 * (std::f64::consts::TAU * (ago % 24) as f64 / 24.0).cos();
    daily * if (ago / 24) % 7 >= 5 { 0.7 } else { 1.0 }
}

impl World {
    pub(crate) fn run(self, seed: u64) -> Run {
        let (mut random, now) = (Random::seeded(seed), now());
        let mut history = History::new(now).unwrap();
        for (position, product) in PRODUCTS.into_iter().enumerate() {
            let mut totals = vec![0; (self.days * 24) as usize];
            for topic in 0..self.topics {
                let mut factor = 1.0;
                let hours: Vec<(DateTime<Utc>, u32)> = (0..self.days * 24)
                    .zip(&mut totals)
                    .map(|(ago, total)| {
                        if ago % 24 == 0 {
                            factor = random.gamma_factor(self.overdispersion);
                        }
                        let hit = ago < 24 && topic == 0 && position == 0;
                        let outbreak = if hit { self.outbreak } else { 1.0 };
                        let count = random.poisson(self.hourly(ago) * factor * outbreak);
                        *total += count;
                        (now - TimeDelta::hours(ago + 1), count)
                    })
                    .collect();
                history.extend_mentions(&format!("topic {topic}"), product, hours);
            }
            for (ago, total) in (0..).zip(totals) {
                let others = random.poisson(self.hourly(ago) * self.topics as f64);
                history.add_total(product, now - TimeDelta::hours(ago + 1), total + others);
            }
        }
        hot::detect(&history, &Settings::default())
    }

    fn hourly(self, ago: i64) -> f64 {
        self.mentions_per_day / 24.0 * rhythm(ago) * if ago < 24 { self.busy } else { 1.0 }
    }
}
