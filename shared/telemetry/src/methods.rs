//! The methods a process serves, so that a path sent by a stranger never becomes a label.

use std::collections::HashMap;
use std::sync::Arc;

/// What every unknown method is called, after the semantic conventions' `_OTHER`.
const OTHER: &str = "_OTHER";

/// A bounded set of method names, `package.Service/Method`; cheap to clone.
#[derive(Clone, Debug)]
pub struct Methods {
    known: Arc<HashMap<Arc<str>, Method>>,
    other: Method,
}

/// One known method as spans and metrics name it.
#[derive(Clone, Debug)]
pub(crate) struct Method {
    pub(crate) name: Arc<str>,
    /// Asked by machines every few seconds (health, reflection): of no interest in a trace.
    pub(crate) quiet: bool,
}

impl Method {
    fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            quiet: name.starts_with("grpc."),
        }
    }
}

impl Methods {
    /// Knows `names`, each `package.Service/Method` without a leading slash.
    pub fn new<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> Self {
        let known = names
            .into_iter()
            .map(|name| Method::new(name.as_ref()))
            .map(|method| (Arc::clone(&method.name), method))
            .collect();
        Self {
            known: Arc::new(known),
            other: Method::new(OTHER),
        }
    }

    /// The name for `path` (`/package.Service/Method`), or `_OTHER`.
    pub fn label(&self, path: &str) -> &str {
        &self.find(path).name
    }

    pub(crate) fn find(&self, path: &str) -> &Method {
        self.known
            .get(path.strip_prefix('/').unwrap_or(path))
            .unwrap_or(&self.other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_methods_share_one_label() {
        let methods = Methods::new(["attune.profiles.v1.ProfileService/GetProfile"]);
        assert_eq!(
            methods.label("/attune.profiles.v1.ProfileService/GetProfile"),
            "attune.profiles.v1.ProfileService/GetProfile"
        );
        assert_eq!(methods.label("/attune.profiles.v1.ProfileService/Drop"), "_OTHER");
        assert_eq!(methods.label("/wp-login.php"), methods.label(""));
    }

    #[test]
    fn health_is_quiet_and_business_is_not() {
        let methods = Methods::new(["grpc.health.v1.Health/Check", "attune.x.v1.S/M"]);
        assert!(methods.find("/grpc.health.v1.Health/Check").quiet);
        assert!(!methods.find("/attune.x.v1.S/M").quiet);
        assert!(!methods.find("/unknown").quiet);
    }
}
