//! From what was said to what it means: the seam behind which engines stand, and the tenants' taxonomies.

mod builtin;
mod taxonomies;

use std::sync::Arc;

use async_trait::async_trait;
use attune_text::Taxonomy;

pub(crate) use builtin::Builtin;
pub(crate) use taxonomies::{Taxonomies, TenantTaxonomy, all as all_topics, check as check_topic};

use crate::domain::{Draft, Understanding};
use crate::error::Error;

/// An engine that understands texts. It is asked outside of any transaction of the caller's, so it may take its
/// time or live elsewhere.
#[async_trait]
pub(crate) trait Analyzer: Send + Sync + 'static {
    /// What each of `texts` says, in their order and as many. Each result names engine and version, because a
    /// later version may judge otherwise.
    async fn analyze(
        &self,
        texts: Vec<String>,
        taxonomy: Arc<Taxonomy>,
    ) -> Result<Vec<Understanding>, AnalyzerError>;
}

/// Why an engine gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AnalyzerError {
    #[error("the engine failed: {0}")]
    Failed(#[from] tokio::task::JoinError),
    #[error("the engine answered {answered} texts of {asked}")]
    Incomplete { asked: usize, answered: usize },
}

/// Understands feedback with the tenant's taxonomy. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Reader {
    analyzer: Arc<dyn Analyzer>,
    pub(crate) taxonomies: Taxonomies,
}

/// Feedback with what was understood of it; nothing where there was no text.
#[derive(Clone, Debug)]
pub(crate) struct Understood {
    pub(crate) draft: Draft,
    pub(crate) understanding: Option<Understanding>,
}

impl Reader {
    pub(crate) fn new(analyzer: impl Analyzer) -> Self {
        Self {
            analyzer: Arc::new(analyzer),
            taxonomies: Taxonomies::default(),
        }
    }

    /// Understands `drafts` together.
    pub(crate) async fn understand(
        &self,
        drafts: Vec<Draft>,
        taxonomy: &TenantTaxonomy,
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
            self.analyzer
                .analyze(texts, Arc::clone(&taxonomy.compiled))
                .await?
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
            let understanding = if draft.text.is_empty() {
                None
            } else {
                answers.next()
            };
            Understood { draft, understanding }
        };
        Ok(drafts.into_iter().map(with_answer).collect())
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Reader")
            .field("taxonomies", &self.taxonomies)
            .finish_non_exhaustive()
    }
}
