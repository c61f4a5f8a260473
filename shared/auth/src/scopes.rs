//! The scope each method requires, read from the protos.

use std::collections::HashMap;
use std::sync::Arc;

use prost_reflect::{DescriptorPool, MethodDescriptor, Value};

/// The full name of the method option that names the scope.
const OPTION: &str = "attune.auth.v1.scope";

/// Which scope each method requires; cheap to clone.
#[derive(Clone, Debug)]
pub struct Scopes {
    required: Arc<HashMap<String, Option<String>>>,
}

/// The descriptor set cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ScopesError {
    /// The bytes are no complete descriptor set.
    #[error("the descriptor set cannot be read: {0}")]
    Unreadable(#[from] prost_reflect::DescriptorError),
    /// The option's definition is not part of it.
    #[error("the descriptor set lacks the extension {OPTION}; encode it with its imports and options")]
    NoOption,
}

impl Scopes {
    /// Reads the option `(attune.auth.v1.scope)` of every method in an encoded `FileDescriptorSet`.
    pub fn from_descriptor_set(bytes: &[u8]) -> Result<Self, ScopesError> {
        let pool = DescriptorPool::decode(bytes)?;
        let option = pool.get_extension_by_name(OPTION).ok_or(ScopesError::NoOption)?;
        let scope = |method: &MethodDescriptor| match method.options().get_extension(&option).as_ref() {
            Value::String(scope) if !scope.is_empty() => Some(scope.clone()),
            _ => None,
        };
        let required = pool
            .services()
            .flat_map(|service| service.methods().collect::<Vec<_>>())
            .map(|method| (path(&method), scope(&method)))
            .collect();
        Ok(Self {
            required: Arc::new(required),
        })
    }

    /// The scope the method at `path` (`/package.Service/Method`) requires; `None` when it is unknown or
    /// declares none, and so must be refused.
    pub fn required(&self, path: &str) -> Option<&str> {
        self.required.get(path)?.as_deref()
    }

    /// The paths of methods that declare no scope, in order.
    pub fn undeclared(&self) -> Vec<&str> {
        let undeclared = self.required.iter().filter(|(_, scope)| scope.is_none());
        let mut paths: Vec<_> = undeclared.map(|(path, _)| path.as_str()).collect();
        paths.sort_unstable();
        paths
    }

    /// The paths of all methods, in order.
    pub fn paths(&self) -> Vec<&str> {
        let mut paths: Vec<_> = self.required.keys().map(String::as_str).collect();
        paths.sort_unstable();
        paths
    }
}

fn path(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_of_the_platform_declares_a_scope() {
        let scopes = Scopes::from_descriptor_set(attune_api::FILE_DESCRIPTOR_SET).unwrap();
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
        let scopes = Scopes::from_descriptor_set(attune_api::FILE_DESCRIPTOR_SET).unwrap();
        assert_eq!(
            scopes.required("/attune.profiles.v1.ProfileService/DropEverything"),
            None
        );
    }

    #[test]
    fn a_descriptor_set_without_the_option_is_refused() {
        assert!(matches!(
            Scopes::from_descriptor_set(&[]),
            Err(ScopesError::NoOption)
        ));
        assert!(matches!(
            Scopes::from_descriptor_set(&[0xff]),
            Err(ScopesError::Unreadable(_))
        ));
    }
}
