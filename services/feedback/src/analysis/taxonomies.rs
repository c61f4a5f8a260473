//! Compiled taxonomies, by tenant and version.

use std::sync::Arc;
use std::time::Duration;

use attune_database::Tx;
use attune_rpc::TenantId;
use attune_rules::Rule;
use attune_text::{Taxonomy, TaxonomyError, TopicDefinition};
use moka::future::Cache;

use crate::domain::{Topic, TopicOrigin, Topics, topic_rule};
use crate::error::Error;
use crate::store;

/// Taxonomies that are kept compiled; each takes some hundred kilobytes.
const KEPT: u64 = 500;
/// One that nobody used for so long is let go.
const IDLE: Duration = Duration::from_hours(1);

/// A tenant's taxonomy at one version.
#[derive(Debug)]
pub(crate) struct TenantTaxonomy {
    /// 0 for the starter set as it ships.
    pub(crate) version: i64,
    pub(crate) compiled: Arc<Taxonomy>,
    /// The rules of topics that have one.
    pub(crate) rules: Vec<(String, Rule)>,
    /// All topics that are in use, the starter set included, by id.
    pub(crate) topics: Topics,
}

impl TenantTaxonomy {
    /// The starter set as it ships.
    pub(crate) async fn starter() -> Result<Arc<Self>, Error> {
        Self::of(0, with_starter(Vec::new())).await
    }

    /// Compiles what is in use of `topics`, outside of the threads that serve.
    pub(crate) async fn of(version: i64, mut topics: Topics) -> Result<Arc<Self>, Error> {
        topics.retain(|_, topic| topic.archived_at.is_none());
        let words = topics.values().filter(|topic| topic.has_words());
        let definitions: Vec<TopicDefinition> = words.map(|topic| topic.definition.clone()).collect();
        let rules = topics.values().filter_map(rule).collect();
        let compiled = tokio::task::spawn_blocking(move || Taxonomy::compile(&definitions)).await??;
        Ok(Arc::new(Self {
            version,
            compiled: Arc::new(compiled),
            rules,
            topics,
        }))
    }

    /// The topic's name for people; its id where it is gone.
    pub(crate) fn name_of<'a>(&'a self, topic_id: &'a str) -> &'a str {
        self.topics
            .get(topic_id)
            .map_or(topic_id, |topic| topic.definition.name.as_str())
    }
}

fn rule(topic: &Topic) -> Option<(String, Rule)> {
    if topic.rule.is_empty() {
        return None;
    }
    match topic_rule(&topic.rule) {
        Ok(rule) => Some((topic.id().to_owned(), rule)),
        Err(problems) => {
            // It was checked when the topic was made; only another checker since then leads here.
            tracing::error!(topic_id = topic.id(), %problems, "a stored rule is refused; it finds nothing");
            None
        }
    }
}

/// The taxonomies of all tenants. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Taxonomies {
    compiled: Cache<(TenantId, i64), Arc<TenantTaxonomy>>,
    starter: Arc<tokio::sync::OnceCell<Arc<TenantTaxonomy>>>,
}

impl Default for Taxonomies {
    fn default() -> Self {
        Self {
            compiled: Cache::builder().max_capacity(KEPT).time_to_idle(IDLE).build(),
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

    /// The tenant's taxonomy, of which `tx` read that this is the version that stands; a newer one where it was changed
    /// since.
    pub(crate) async fn of_version(&self, tx: &mut Tx, version: i64) -> Result<Arc<TenantTaxonomy>, Error> {
        if let Some(kept) = self.kept(tx, version).await? {
            return Ok(kept);
        }
        let (version, topics) = store::topic::current(tx).await?;
        self.compile(tx, version, topics).await
    }

    /// The tenant's taxonomy as it was in a version that there is.
    pub(crate) async fn as_of(&self, tx: &mut Tx, version: i64) -> Result<Arc<TenantTaxonomy>, Error> {
        if let Some(kept) = self.kept(tx, version).await? {
            return Ok(kept);
        }
        let topics = store::topic::as_of(tx, version).await?;
        self.compile(tx, version, topics).await
    }

    async fn kept(&self, tx: &Tx, version: i64) -> Result<Option<Arc<TenantTaxonomy>>, Error> {
        if version == 0 {
            let starter = self.starter.get_or_try_init(TenantTaxonomy::starter).await?;
            return Ok(Some(Arc::clone(starter)));
        }
        Ok(self.compiled.get(&(tx.tenant().clone(), version)).await)
    }

    async fn compile(&self, tx: &Tx, version: i64, own: Vec<Topic>) -> Result<Arc<TenantTaxonomy>, Error> {
        let fresh = TenantTaxonomy::of(version, with_starter(own)).await?;
        let key = (tx.tenant().clone(), version);
        self.compiled.insert(key, Arc::clone(&fresh)).await;
        Ok(fresh)
    }
}

/// The starter set with the tenant's own topics, which take the place of those with the same id; archived ones too.
pub(crate) fn with_starter(own: Vec<Topic>) -> Topics {
    let starter = Taxonomy::starter().into_iter().map(|definition| Topic {
        definition,
        parent_id: None,
        rule: String::new(),
        group: false,
        archived_at: None,
        changed_version: 0,
        origin: TopicOrigin::Starter,
    });
    starter
        .chain(own)
        .map(|topic| (topic.id().to_owned(), topic))
        .collect()
}

/// Whether the words of a topic can be understood with.
pub(crate) fn check(definition: &TopicDefinition) -> Result<(), TaxonomyError> {
    Taxonomy::compile(std::slice::from_ref(definition)).map(|_| ())
}
