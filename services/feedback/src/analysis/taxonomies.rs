//! Compiled taxonomies, one a tenant, kept until the tenant's topics change.

use std::collections::BTreeMap;
use std::sync::Arc;

use attune_database::Tx;
use attune_rpc::TenantId;
use attune_text::{Taxonomy, TaxonomyError, TopicDefinition};
use moka::future::Cache;

use crate::domain::{Topic, TopicOrigin};
use crate::error::Error;
use crate::store;

/// Tenants whose taxonomy is kept compiled; each takes some hundred kilobytes.
const KEPT: u64 = 500;

/// A tenant's taxonomy at one version.
#[derive(Debug)]
pub(crate) struct TenantTaxonomy {
    /// 0 for the starter set as it ships.
    version: i64,
    pub(crate) compiled: Arc<Taxonomy>,
    /// All topics, the starter set included, by id.
    pub(crate) topics: BTreeMap<String, Topic>,
}

impl TenantTaxonomy {
    /// The starter set as it ships.
    pub(crate) async fn starter() -> Result<Arc<Self>, Error> {
        compile(0, all(Vec::new())).await
    }

    /// The topic's name for people; its id where it is gone.
    pub(crate) fn name_of<'a>(&'a self, topic_id: &'a str) -> &'a str {
        self.topics
            .get(topic_id)
            .map_or(topic_id, |topic| topic.definition.name.as_str())
    }
}

/// The taxonomies of all tenants. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Taxonomies {
    compiled: Cache<TenantId, Arc<TenantTaxonomy>>,
    starter: Arc<tokio::sync::OnceCell<Arc<TenantTaxonomy>>>,
}

impl Default for Taxonomies {
    fn default() -> Self {
        Self {
            compiled: Cache::new(KEPT),
            starter: Arc::default(),
        }
    }
}

impl Taxonomies {
    /// The tenant's taxonomy as `tx` sees it. Reads one number; only a change makes it compile anew.
    pub(crate) async fn current(&self, tx: &mut Tx) -> Result<Arc<TenantTaxonomy>, Error> {
        let version = store::topic::version(tx).await?;
        self.of_version(tx, version).await
    }

    /// The tenant's taxonomy, of which `tx` read that this is the version.
    pub(crate) async fn of_version(&self, tx: &mut Tx, version: i64) -> Result<Arc<TenantTaxonomy>, Error> {
        if version == 0 {
            return Ok(Arc::clone(
                self.starter.get_or_try_init(TenantTaxonomy::starter).await?,
            ));
        }
        if let Some(kept) = self
            .compiled
            .get(tx.tenant())
            .await
            .filter(|kept| kept.version == version)
        {
            return Ok(kept);
        }
        // Topics read here may be newer than the version, never older: then the next look compiles again.
        let topics = store::topic::all(tx).await?;
        let fresh = compile(version, all(topics)).await?;
        self.compiled
            .insert(tx.tenant().clone(), Arc::clone(&fresh))
            .await;
        Ok(fresh)
    }
}

/// The starter set with the tenant's own topics, which take the place of those with the same id.
pub(crate) fn all(own: Vec<Topic>) -> BTreeMap<String, Topic> {
    let starter = Taxonomy::starter().into_iter().map(|definition| Topic {
        definition,
        origin: TopicOrigin::Starter,
        since: None,
    });
    starter
        .chain(own)
        .map(|topic| (topic.id().to_owned(), topic))
        .collect()
}

async fn compile(version: i64, topics: BTreeMap<String, Topic>) -> Result<Arc<TenantTaxonomy>, Error> {
    let definitions: Vec<TopicDefinition> = topics.values().map(|topic| topic.definition.clone()).collect();
    let compiled = tokio::task::spawn_blocking(move || Taxonomy::compile(&definitions)).await??;
    Ok(Arc::new(TenantTaxonomy {
        version,
        compiled: Arc::new(compiled),
        topics,
    }))
}

/// Whether a topic can be understood with.
pub(crate) fn check(definition: &TopicDefinition) -> Result<(), TaxonomyError> {
    Taxonomy::compile(std::slice::from_ref(definition)).map(|_| ())
}
