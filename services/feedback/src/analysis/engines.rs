//! The built-in engine with what a tenant's customers taught it, kept until that changes.

use std::sync::Arc;
use std::time::Duration;

use attune_database::Tx;
use attune_rpc::TenantId;
use attune_text::{Correction, Engine};
use moka::future::Cache;

use crate::error::Error;
use crate::store;

/// Corrections kept ready; each takes some megabytes.
const KEPT: u64 = 64;
/// One that nobody used for so long is let go.
const IDLE: Duration = Duration::from_hours(1);

/// What stands between the model and the number of its correction.
const CORRECTION: &str = "+correction-";

/// The built-in engine for one tenant.
#[derive(Clone, Debug)]
pub(crate) struct TenantEngine {
    /// The number of its correction; none for the model alone.
    number: Option<i32>,
    pub(crate) engine: Engine,
    /// What stands on its results.
    pub(crate) version: String,
}

impl TenantEngine {
    /// The model alone.
    pub(crate) fn builtin() -> Self {
        let engine = Engine::builtin();
        Self {
            number: None,
            version: engine.version().to_owned(),
            engine,
        }
    }

    /// The model with a correction, whose number stands on the results.
    pub(crate) fn corrected(number: i32, correction: Correction) -> Self {
        let engine = Engine::builtin().with_correction(correction);
        Self {
            number: Some(number),
            version: format!("{}{CORRECTION}{number}", engine.version()),
            engine,
        }
    }
}

/// The engines of all tenants. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Engines {
    builtin: Arc<TenantEngine>,
    corrected: Cache<TenantId, Arc<TenantEngine>>,
}

impl Default for Engines {
    fn default() -> Self {
        Self {
            builtin: Arc::new(TenantEngine::builtin()),
            corrected: Cache::builder().max_capacity(KEPT).time_to_idle(IDLE).build(),
        }
    }
}

impl Engines {
    /// The model alone, as for a tenant whose customers taught nothing.
    pub(crate) fn builtin(&self) -> &Arc<TenantEngine> {
        &self.builtin
    }

    /// The tenant's engine with its correction of that number; the model alone without one, and where the
    /// correction is of another model or cannot be read: an upgrade of the model leaves corrections behind.
    pub(crate) async fn with_correction(
        &self,
        tx: &mut Tx,
        number: Option<i32>,
    ) -> Result<Arc<TenantEngine>, Error> {
        let Some(number) = number else {
            return Ok(Arc::clone(&self.builtin));
        };
        let kept = self.corrected.get(tx.tenant()).await;
        if let Some(kept) = kept.filter(|kept| kept.number == Some(number)) {
            return Ok(kept);
        }
        let Some(engine) = self.load(tx, number).await? else {
            return Ok(Arc::clone(&self.builtin));
        };
        self.corrected
            .insert(tx.tenant().clone(), Arc::clone(&engine))
            .await;
        Ok(engine)
    }
    /// The engine that scored a text, by what stands on its result; none when it is an outside one, of another
    /// model, or with a correction whose weights are not kept any more.
    pub(crate) async fn named(&self, tx: &mut Tx, version: &str) -> Result<Option<Arc<TenantEngine>>, Error> {
        if version == self.builtin.version {
            return Ok(Some(Arc::clone(&self.builtin)));
        }
        let correction = version
            .strip_prefix(self.builtin.version.as_str())
            .and_then(|rest| rest.strip_prefix(CORRECTION)?.parse().ok());
        match correction {
            Some(number) => self.load(tx, number).await,
            None => Ok(None),
        }
    }

    async fn load(&self, tx: &mut Tx, number: i32) -> Result<Option<Arc<TenantEngine>>, Error> {
        let stored = store::correction::weights(tx, number).await?;
        let Some(stored) = stored.filter(|stored| stored.engine == self.builtin.version) else {
            return Ok(None);
        };
        match tokio::task::spawn_blocking(move || Correction::from_bytes(&stored.weights)).await? {
            Ok(correction) => Ok(Some(Arc::new(TenantEngine::corrected(number, correction)))),
            Err(error) => {
                tracing::error!(tenant = %tx.tenant(), number, %error, "a correction cannot be read");
                Ok(None)
            }
        }
    }
}
