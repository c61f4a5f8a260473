//! The scope each method requires, as the protos declare it.

use std::collections::HashMap;
use std::sync::Arc;

/// Which scope each method requires; cheap to clone.
#[derive(Clone, Debug)]
pub struct Scopes {
    required: Arc<HashMap<&'static str, Option<&'static str>>>,
}

impl Scopes {
    /// Methods by path (`/package.Service/Method`) with the scope that each declares in its option
    /// `(attune.auth.v1.scope)`; `attune_api::scopes` has those of the platform.
    pub fn new(declared: impl IntoIterator<Item = (&'static str, Option<&'static str>)>) -> Self {
        Self {
            required: Arc::new(declared.into_iter().collect()),
        }
    }

    /// The scope the method at `path` requires; `None` when it is unknown or declares none, and so must be refused.
    pub fn required(&self, path: &str) -> Option<&str> {
        self.required.get(path).copied().flatten()
    }

    /// The paths of methods that declare no scope, in order.
    pub fn undeclared(&self) -> Vec<&str> {
        let undeclared = self.required.iter().filter(|(_, scope)| scope.is_none());
        let mut paths: Vec<_> = undeclared.map(|(path, _)| *path).collect();
        paths.sort_unstable();
        paths
    }

    /// The paths of all methods, in order.
    pub fn paths(&self) -> Vec<&str> {
        let mut paths: Vec<_> = self.required.keys().copied().collect();
        paths.sort_unstable();
        paths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_of_the_platform_declares_a_scope() {
        let scopes = Scopes::new(attune_api::scopes());
        assert!(scopes.paths().len() > 20, "{:?}", scopes.paths());
        assert_eq!(
            scopes.undeclared(),
            Vec::<&str>::new(),
            "these methods need option (attune.auth.v1.scope)"
        );
        assert_eq!(
            scopes.required("/attune.profiles.v1.ProfileService/GetProfile"),
            Some("profiles.read")
        );
    }

    #[test]
    fn an_unknown_method_has_no_scope() {
        let scopes = Scopes::new(attune_api::scopes());
        assert_eq!(
            scopes.required("/attune.profiles.v1.ProfileService/DropEverything"),
            None
        );
    }

    #[test]
    fn a_method_that_declares_no_scope_is_told_and_refused() {
        let scopes = Scopes::new([("/x.S/Open", None), ("/x.S/Read", Some("x.read"))]);
        assert_eq!(scopes.undeclared(), ["/x.S/Open"]);
        assert_eq!(scopes.required("/x.S/Open"), None);
        assert_eq!(scopes.required("/x.S/Read"), Some("x.read"));
    }
}
