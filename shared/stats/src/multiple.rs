//! Corrections for looking at many things at once.

/// The places of `p_values` from the smallest to the largest.
fn ascending(p_values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    order
}

/// The p-values adjusted by Benjamini and Hochberg's step-up procedure (JRSS B 57(1), 1995), in the order given:
/// what is taken at most at `q` holds a share of `q` false ones on average.
pub(crate) fn false_discovery_rates(p_values: &[f64]) -> Vec<f64> {
    let mut adjusted = vec![1.0; p_values.len()];
    let mut lowest = 1.0_f64;
    for (rank, index) in ascending(p_values).into_iter().enumerate().rev() {
        lowest = lowest.min(p_values[index] * p_values.len() as f64 / (rank + 1) as f64);
        adjusted[index] = lowest;
    }
    adjusted
}

/// The p-values adjusted by Holm's step-down procedure (Scandinavian Journal of Statistics 6(2), 1979), in the order
/// given: whatever holds between them, one false one among those below `alpha` is no likelier than `alpha`.
pub(crate) fn family_wise(p_values: &[f64]) -> Vec<f64> {
    let mut adjusted = vec![1.0; p_values.len()];
    let mut highest = 0.0_f64;
    for (rank, index) in ascending(p_values).into_iter().enumerate() {
        highest = highest.max((p_values[index] * (p_values.len() - rank) as f64).min(1.0));
        adjusted[index] = highest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn false_discovery_rates_are_those_of_the_published_example() {
        // Benjamini and Hochberg 1995, section 4.1: fifteen p-values, four of them rejected at 0.05.
        let published = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
            0.6528, 0.7590, 1.0000,
        ];
        let adjusted = false_discovery_rates(&published);
        assert_eq!(adjusted.iter().filter(|&&q| q <= 0.05).count(), 4);
        assert!((adjusted[3] - 0.0095 * 15.0 / 4.0).abs() < 1e-12);
        assert!(adjusted.is_sorted());
    }

    #[test]
    fn holms_adjustment_is_that_of_statsmodels() {
        // multipletests([0.04, 0.01, 0.03, 0.005], method="holm")
        let adjusted = family_wise(&[0.04, 0.01, 0.03, 0.005]);
        for (computed, reference) in adjusted.into_iter().zip([0.06, 0.03, 0.06, 0.02]) {
            assert!(
                (computed - reference).abs() < 1e-12,
                "{computed} instead of {reference}"
            );
        }
    }
}
