//! From hot cells to at most one finding per topic.

use std::collections::BTreeMap;

use super::Settings;
use super::finding::{HotCell, Level};
use crate::distribution::count_tail;

/// The probability of so many mentions in the other products by chance below which a topic has spread to them. It is
/// looked at every hour while an issue is open, so it is a tenth of what opens one.
const SPREAD: f64 = 0.001;

/// At most one finding per topic: the overall one where several products are elevated, else the one product. Most
/// significant first. `hot` is what a run reports.
pub fn one_finding_per_topic(hot: &[HotCell]) -> Vec<HotCell> {
    let mut topics: BTreeMap<&str, Vec<&HotCell>> = BTreeMap::new();
    for cell in hot {
        topics.entry(&cell.topic).or_default().push(cell);
    }
    let mut findings: Vec<HotCell> = topics.into_values().filter_map(|cells| choose(&cells)).collect();
    findings.sort_by(|a, b| {
        a.p_value
            .total_cmp(&b.p_value)
            .then_with(|| a.topic.cmp(&b.topic))
    });
    findings
}

/// The finding by which a topic that is hot in `product` is hot elsewhere too: another product by itself, or all
/// together where the other products' mentions are not explained by their own past. `hot` is what a run reports.
pub fn spread<'a>(
    hot: &'a [HotCell],
    topic: &str,
    product: &str,
    settings: &Settings,
) -> Option<&'a HotCell> {
    let mut cells = hot.iter().filter(|cell| cell.topic == topic);
    let own = Level::Product(product.to_owned());
    let own_cell = cells.clone().find(|cell| cell.level == own);
    let overall = cells.clone().find(|cell| cell.level == Level::Overall);
    let elsewhere = cells.find(|cell| cell.level != own && cell.level != Level::Overall);
    let together = overall.filter(|overall| match own_cell {
        Some(own) => rest_is_hot(overall, own, settings),
        // Hot over all and not there: what is hot lies elsewhere.
        None => overall.elevated_products.iter().any(|other| other != product),
    });
    together.or(elsewhere)
}

/// Whether what is left of an overall cell without one product stands out by itself, both being of one window.
fn rest_is_hot(overall: &HotCell, own: &HotCell, settings: &Settings) -> bool {
    if overall.window_start != own.window_start {
        return false;
    }
    let observed = overall.observed.saturating_sub(own.observed);
    let expected = (overall.expected - own.expected).max(0.5);
    // The level itself was estimated from as many windows as the baseline has.
    let windows = overall.baseline.windows.max(1) as f64;
    let variance = expected * (1.0 + 1.0 / windows) + overall.overdispersion * expected * expected;
    observed >= settings.minimum_support
        && observed as f64 >= settings.minimum_ratio * expected
        && count_tail(observed, expected, variance) <= SPREAD
}

fn choose(cells: &[&HotCell]) -> Option<HotCell> {
    let strongest = |overall: bool| {
        cells
            .iter()
            .filter(|cell| (cell.level == Level::Overall) == overall)
            .min_by(|a, b| a.p_value.total_cmp(&b.p_value).then(b.observed.cmp(&a.observed)))
            .copied()
    };
    match (strongest(true), strongest(false)) {
        (Some(overall), Some(product)) => {
            let several = overall.elevated_products.len() > 1
                || cells
                    .iter()
                    .filter(|cell| cell.level != Level::Overall && cell.level != product.level)
                    .count()
                    > 0;
            Some(if several { overall.clone() } else { product.clone() })
        }
        (one, other) => one.or(other).cloned(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::*;
    use crate::hot::Baseline;

    fn cell(level: Level, observed: u64, expected: f64) -> HotCell {
        let end: DateTime<Utc> = "2026-03-02T06:00:00Z".parse().unwrap();
        HotCell {
            topic: "late".to_owned(),
            level,
            window_start: end - TimeDelta::hours(24),
            window_end: end,
            observed,
            expected,
            baseline: Baseline {
                window_hours: 24,
                windows: 20,
                mentions: 400,
                feedback: 4000,
                day_of_week: false,
            },
            overdispersion: 0.02,
            p_value: 1e-9,
            q_value: 1e-7,
            share_p_value: 1e-7,
            ratio: observed as f64 / expected,
            share: 0.2,
            baseline_share: 0.1,
            elevated_products: vec!["red".to_owned(), "blue".to_owned()],
        }
    }

    #[test]
    fn a_topic_has_spread_when_the_other_products_stand_out_without_the_first_one() {
        let (settings, red) = (Settings::default(), Level::Product("red".to_owned()));
        let spreads = |hot: &[HotCell]| spread(hot, "late", "red", &settings).map(|cell| cell.level.clone());
        let own = cell(red.clone(), 120, 20.0);
        // All that stands out overall is the first product: the rest has 45 where 40 were expected.
        assert_eq!(spreads(&[own.clone(), cell(Level::Overall, 165, 60.0)]), None);
        assert_eq!(
            spreads(&[own.clone(), cell(Level::Overall, 240, 60.0)]),
            Some(Level::Overall)
        );
        let blue = Level::Product("blue".to_owned());
        assert_eq!(spreads(&[own.clone(), cell(blue.clone(), 80, 20.0)]), Some(blue));
        assert_eq!(spreads(&[own]), None);
        assert_eq!(spreads(&[cell(Level::Overall, 240, 60.0)]), Some(Level::Overall));
        assert_eq!(
            spread(&[cell(Level::Overall, 240, 60.0)], "seat", "red", &settings),
            None
        );
    }
}
