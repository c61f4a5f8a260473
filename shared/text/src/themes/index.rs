//! Which clusters hold a feature, so that a text is compared with those alone that it shares something with.

use std::collections::HashMap;

use super::cluster::Cluster;
use super::vector::Features;
use crate::words::HashState;

/// Below this cosine of their words it does not matter what a text and a cluster mean.
const COMPARED: f32 = 0.1;

/// The clusters that hold each feature, in order, with the feature's sum in the cluster.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    postings: HashMap<u32, Vec<(u32, f32)>, HashState>,
}

impl Index {
    /// An index over all clusters.
    pub(super) fn over(clusters: &[Cluster]) -> Index {
        let mut index = Index::default();
        for (at, cluster) in clusters.iter().enumerate() {
            index.add(at, &cluster.sums);
        }
        index
    }

    /// Adds to the sums of a cluster.
    pub(super) fn add(&mut self, at: usize, features: &Features) {
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        for &(bucket, weight) in features {
            let postings = self.postings.entry(u32::from(bucket)).or_default();
            match postings.binary_search_by_key(&at, |&(cluster, _)| cluster) {
                Ok(place) => postings[place].1 += weight,
                Err(place) => postings.insert(place, (at, weight)),
            }
        }
    }

    /// Forgets features of a cluster.
    pub(super) fn drop_features(&mut self, at: usize, dropped: &[u16]) {
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        for &bucket in dropped {
            if let Some(postings) = self.postings.get_mut(&u32::from(bucket))
                && let Ok(place) = postings.binary_search_by_key(&at, |&(cluster, _)| cluster)
            {
                postings.remove(place);
            }
        }
    }

    /// The cluster that a text is most like, by its words and by what they mean, and how alike; the older one of two
    /// that are as near.
    pub(super) fn nearest(
        &self,
        vector: &Features,
        meaning: &[f32],
        clusters: &[Cluster],
    ) -> Option<(usize, f32)> {
        let products = self.products(vector, clusters);
        let mut best = None;
        for (at, (&product, cluster)) in products.iter().zip(clusters).enumerate() {
            let likeness = if product < COMPARED {
                product
            } else {
                cluster.direction.likeness(product, meaning)
            };
            if likeness > best.map_or(0.0, |(_, likeness)| likeness) {
                best = Some((at, likeness));
            }
        }
        best.map(|(at, likeness)| (at, likeness.min(1.0)))
    }

    /// The cosine of a vector of unit length with each cluster.
    pub(super) fn products(&self, vector: &Features, clusters: &[Cluster]) -> Vec<f32> {
        let mut products = vec![0.0_f32; clusters.len()];
        for &(bucket, weight) in vector {
            for &(at, sum) in self.postings.get(&u32::from(bucket)).into_iter().flatten() {
                if let Some(product) = products.get_mut(at as usize) {
                    *product += weight * sum;
                }
            }
        }
        for (product, cluster) in products
            .iter_mut()
            .zip(clusters)
            .filter(|(product, _)| **product > 0.0)
        {
            *product /= cluster.length();
        }
        products
    }
}
