//! From what was said to what it means: the seam behind which engines stand, and what a tenant's texts are
//! understood with.

mod basis;
mod breaker;
mod builtin;
mod coding;
mod engines;
mod growth;
mod remote;
mod taxonomies;

use std::sync::Arc;

use async_trait::async_trait;
use attune_database::Tx;

pub(crate) use basis::Basis;
pub(crate) use builtin::Builtin;
pub(crate) use engines::{Engines, TenantEngine};
pub(crate) use growth::{Growth, grow};
pub(crate) use remote::Remote;
pub(crate) use taxonomies::{Taxonomies, TenantTaxonomy, check as check_topic, with_starter};

use crate::domain::{Draft, Understanding};
use crate::error::Error;
use crate::store;

/// An engine that understands texts.
#[async_trait]
pub(crate) trait Analyzer: Send + Sync + 'static {
    /// What each of `texts` says, in their order and as many. Each result names engine and version, because a
    /// later version may judge otherwise.
    async fn analyze(&self, basis: &Basis, texts: Vec<String>) -> Result<Vec<Understanding>, AnalyzerError>;

    /// Whether it asks somebody outside: then it is never asked while a transaction is open.
    fn is_outside(&self) -> bool;
}

/// Why an engine gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AnalyzerError {
    #[error("the engine failed: {0}")]
    Failed(#[from] tokio::task::JoinError),
    #[error("the engine answered {answered} texts of {asked}")]
    Incomplete { asked: usize, answered: usize },
}

/// Understands feedback as its tenant's taxonomy and customers taught. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Reader {
    analyzer: Arc<dyn Analyzer>,
    pub(crate) taxonomies: Taxonomies,
    pub(crate) engines: Engines,
}

/// Feedback with what was understood of it; nothing where there was no text.
#[derive(Clone, Debug)]
pub(crate) struct Understood {
    pub(crate) draft: Draft,
    pub(crate) understanding: Option<Understanding>,
    /// The version of the taxonomy it was understood with.
    pub(crate) taxonomy_version: i64,
}

impl Reader {
    pub(crate) fn new(analyzer: impl Analyzer) -> Self {
        Self {
            analyzer: Arc::new(analyzer),
            taxonomies: Taxonomies::default(),
            engines: Engines::default(),
        }
    }

    /// Whether understanding asks somebody outside; see [`Analyzer::is_outside`].
    pub(crate) fn is_outside(&self) -> bool {
        self.analyzer.is_outside()
    }

    /// What the tenant's texts are understood with, as `tx` sees it. Reads two numbers; only a change makes it
    /// compile or load anew.
    pub(crate) async fn basis(&self, tx: &mut Tx) -> Result<Basis, Error> {
        let versions = store::basis::versions(tx).await?;
        Ok(Basis {
            tenant: tx.tenant().clone(),
            taxonomy: self.taxonomies.of_version(tx, versions.taxonomy).await?,
            engine: self.engines.with_correction(tx, versions.correction).await?,
        })
    }

    /// Understands `drafts` together.
    pub(crate) async fn understand(
        &self,
        drafts: Vec<Draft>,
        basis: &Basis,
    ) -> Result<Vec<Understood>, Error> {
        let texts: Vec<String> = drafts
            .iter()
            .filter(|draft| !draft.text.is_empty())
            .map(|draft| draft.text.clone())
            .collect();
        let asked = texts.len();
        let answers = if asked == 0 {
            Vec::new()
        } else {
            self.analyzer.analyze(basis, texts).await?
        };
        if answers.len() != asked {
            return Err(AnalyzerError::Incomplete {
                asked,
                answered: answers.len(),
            }
            .into());
        }
        let mut answers = answers.into_iter();
        let with_answer = |draft: Draft| {
            let mut understanding = if draft.text.is_empty() {
                None
            } else {
                answers.next()
            };
            if let Some(understanding) = &mut understanding {
                coding::complete(&basis.taxonomy, &draft, understanding);
            }
            Understood {
                draft,
                understanding,
                taxonomy_version: basis.taxonomy.version,
            }
        };
        Ok(drafts.into_iter().map(with_answer).collect())
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Reader")
            .field("taxonomies", &self.taxonomies)
            .field("engines", &self.engines)
            .finish_non_exhaustive()
    }
}
