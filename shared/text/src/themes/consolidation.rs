//! Themes that have grown alike become one, and the smallest are forgotten when there are too many.

use super::Themes;
use super::cluster::Cluster;
use super::index::Index;

/// Themes are consolidated first after so many texts, then each time a quarter more were added.
pub(super) const FIRST: u64 = 200;
/// The share of the allowed themes that is left when some are forgotten.
const LEFT: usize = 9;
const OF: usize = 10;
/// Most ids remembered of themes that became part of others, the latest.
const MOST_MERGED: usize = 10_000;

impl Themes {
    /// Joins themes that are alike, nearest pairs first, and forgets the smallest when there are too many.
    pub(super) fn consolidate(&mut self) {
        self.consolidate_at = self.added + (self.added / 4).max(FIRST);
        let pairs = self.alike();
        let mut into: Vec<usize> = (0..self.clusters.len()).collect();
        for (_, left, right) in pairs {
            let (left, right) = (root(&into, left), root(&into, right));
            if left != right && self.cosine(left, right) >= self.options.merge_likeness {
                let (kept, gone) = self.larger_first(left, right);
                into[gone] = kept;
                let other = std::mem::replace(&mut self.clusters[gone], Cluster::new(0));
                self.remember(other.id, self.clusters[kept].id);
                self.clusters[kept].absorb(other);
            }
        }
        self.clusters.retain(|cluster| cluster.id != 0);
        if self.clusters.len() > self.options.most_themes {
            self.forget();
        }
        self.index = Index::over(&self.clusters);
    }

    /// Pairs of themes that are alike enough to become one, the nearest first.
    fn alike(&self) -> Vec<(f32, usize, usize)> {
        let mut pairs = Vec::new();
        for (at, cluster) in self.clusters.iter().enumerate() {
            let products = self.index.products(&cluster.middle(), &self.clusters[..at]);
            let near = products.into_iter().enumerate();
            pairs.extend(
                near.filter(|&(_, product)| product >= self.options.merge_likeness)
                    .map(|(other, product)| (product, other, at)),
            );
        }
        pairs.sort_by(|a: &(f32, usize, usize), b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        pairs
    }

    fn cosine(&self, left: usize, right: usize) -> f32 {
        let right = self.clusters[right].middle();
        self.clusters[left]
            .middle()
            .into_iter()
            .filter_map(|(bucket, weight)| {
                let at = right.binary_search_by_key(&bucket, |&(bucket, _)| bucket).ok()?;
                Some(weight * right[at].1)
            })
            .sum()
    }

    fn larger_first(&self, left: usize, right: usize) -> (usize, usize) {
        let rank = |at: usize| {
            (
                self.clusters[at].distinct,
                std::cmp::Reverse(self.clusters[at].id),
            )
        };
        if rank(left) >= rank(right) {
            (left, right)
        } else {
            (right, left)
        }
    }

    fn remember(&mut self, gone: u64, kept: u64) {
        self.merged.insert(gone, kept);
        if self.merged.len() > MOST_MERGED {
            self.merged.pop_first();
        }
    }

    /// Forgets the themes with the fewest texts, of these those without a new text for longest.
    fn forget(&mut self) {
        let left = (self.options.most_themes * LEFT / OF).max(1);
        let mut order: Vec<(u64, u64, u64)> = self
            .clusters
            .iter()
            .map(|cluster| (cluster.distinct, cluster.last, cluster.id))
            .collect();
        order.sort_unstable_by(|a, b| b.cmp(a));
        order.truncate(left);
        let mut kept: Vec<u64> = order.into_iter().map(|(_, _, id)| id).collect();
        kept.sort_unstable();
        self.clusters
            .retain(|cluster| kept.binary_search(&cluster.id).is_ok());
    }
}

fn root(into: &[usize], mut at: usize) -> usize {
    while into[at] != at {
        at = into[at];
    }
    at
}
