//! The notifications service as a process of its own.

use attune_notifications::{Config, Notifications};

fn main() -> std::process::ExitCode {
    attune_server::main_with(|config: Config| vec![std::sync::Arc::new(Notifications::new(config))])
}
