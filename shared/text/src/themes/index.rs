//! Which clusters hold a feature, so that a text is compared with those alone that it shares something with.

use std::collections::HashMap;

use super::cluster::Cluster;
use super::vector::Features;
use crate::words::HashState;

/// The clusters that hold each feature, with the feature's share of the cluster's direction.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    postings: HashMap<u32, Vec<(u32, f32)>, HashState>,
}

impl Index {
    /// An index over all clusters.
    pub(super) fn over(clusters: &[Cluster]) -> Index {
        let mut index = Index::default();
        for (at, cluster) in clusters.iter().enumerate() {
            index.insert(at, cluster);
        }
        index
    }

    pub(super) fn insert(&mut self, at: usize, cluster: &Cluster) {
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        for (bucket, weight) in cluster.direction() {
            self.postings.entry(u32::from(bucket)).or_default().push((at, weight));
        }
    }

    pub(super) fn remove(&mut self, at: usize, cluster: &Cluster) {
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        for (bucket, _) in cluster.direction() {
            if let Some(postings) = self.postings.get_mut(&u32::from(bucket)) {
                postings.retain(|&(cluster, _)| cluster != at);
            }
        }
    }

    /// The cluster whose direction is nearest and its cosine; the older one of two that are as near.
    pub(super) fn nearest(&self, vector: &Features, clusters: &[Cluster]) -> Option<(usize, f32)> {
        let products = self.products(vector, clusters.len());
        let mut best = None;
        for (at, &product) in products.iter().enumerate() {
            if product > best.map_or(0.0, |(_, product)| product) {
                best = Some((at, product));
            }
        }
        best.map(|(at, product)| (at, product.min(1.0)))
    }

    /// The cosine of a vector of unit length with each cluster.
    pub(super) fn products(&self, vector: &Features, clusters: usize) -> Vec<f32> {
        let mut products = vec![0.0_f32; clusters];
        for &(bucket, weight) in vector {
            for &(at, share) in self.postings.get(&u32::from(bucket)).into_iter().flatten() {
                if let Some(product) = products.get_mut(at as usize) {
                    *product += weight * share;
                }
            }
        }
        products
    }
}
