//! From hot cells to at most one finding per topic.

use std::collections::BTreeMap;

use super::finding::{HotCell, Level};

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
