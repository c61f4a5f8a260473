//! What a tenant's texts are understood with.

use std::sync::Arc;

use attune_rpc::TenantId;

use super::{TenantEngine, TenantTaxonomy};

/// A tenant's taxonomy and its built-in engine, as they were when somebody looked. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Basis {
    pub(crate) tenant: TenantId,
    pub(crate) taxonomy: Arc<TenantTaxonomy>,
    pub(crate) engine: Arc<TenantEngine>,
}
