//! How many streams a tenant has open.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use attune_rpc::{Code, Error, Reason, TenantId};

/// Counts the open streams of each tenant; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Permits {
    most: u32,
    open: Arc<Mutex<HashMap<TenantId, u32>>>,
}

/// One stream's; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    permits: Permits,
    tenant: TenantId,
}

impl Permits {
    /// At most `most` streams a tenant.
    pub(super) fn new(most: u32) -> Self {
        Self {
            most,
            open: Arc::default(),
        }
    }

    /// One more stream of the tenant; `RESOURCE_EXHAUSTED` when it has as many as it may.
    pub(super) fn take(&self, tenant: &TenantId) -> Result<Permit, Error> {
        let mut all = self.open();
        let open = all.entry(tenant.clone()).or_default();
        if *open >= self.most {
            let message = format!(
                "the tenant has {} streams open on this replica, which is the most; close one, or share one",
                self.most
            );
            return Err(Error::new(Code::ResourceExhausted, Reason::LimitReached, message)
                .with("resource", "stream")
                .with("limit", self.most));
        }
        *open += 1;
        Ok(Permit {
            permits: self.clone(),
            tenant: tenant.clone(),
        })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<TenantId, u32>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut all = self.permits.open();
        if let Some(open) = all.get_mut(&self.tenant) {
            *open = open.saturating_sub(1);
            if *open == 0 {
                all.remove(&self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_has_so_many_streams_and_another_one_its_own() {
        let (acme, globex) = (
            TenantId::parse("acme").unwrap(),
            TenantId::parse("globex").unwrap(),
        );
        let permits = Permits::new(2);
        let (first, _second) = (permits.take(&acme).unwrap(), permits.take(&acme).unwrap());
        let refused = permits.take(&acme).unwrap_err();
        assert_eq!(
            (refused.code(), refused.reason()),
            (Code::ResourceExhausted, Reason::LimitReached)
        );
        let other = permits.take(&globex).unwrap();
        drop((first, other));
        let _third = permits.take(&acme).unwrap();
        assert!(permits.take(&acme).is_err());
        assert_eq!(permits.open().len(), 1, "a tenant without a stream is not kept");
    }
}
