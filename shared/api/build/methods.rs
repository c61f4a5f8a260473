//! The methods as a table, so that no process has to decode the descriptor set to know them.

use std::fmt::Write as _;

use prost_reflect::{DescriptorPool, Value};

/// The full name of the method option that names the scope.
const SCOPE: &str = "attune.auth.v1.scope";

/// The value of `METHODS`: every method in the order of the protos.
pub(crate) fn table(pool: &DescriptorPool) -> String {
    let option = pool.get_extension_by_name(SCOPE);
    let mut code = "&[\n".to_owned();
    for service in pool.services() {
        for method in service.methods() {
            let options = method.options();
            let scope = option.as_ref().map(|option| options.get_extension(option));
            let scope = match scope.as_deref() {
                Some(Value::String(scope)) if !scope.is_empty() => Some(scope),
                _ => None,
            };
            let _ = writeln!(
                code,
                "Method {{ service: {:?}, path: \"/{}/{}\", scope: {scope:?}, request_stream: {} }},",
                service.full_name(),
                service.full_name(),
                method.name(),
                method.is_client_streaming(),
            );
        }
    }
    code + "]"
}
