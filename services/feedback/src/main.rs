//! The feedback service as a process of its own.

use attune_feedback::{Config, Feedback};

fn main() -> std::process::ExitCode {
    attune_server::main_with(|config: Config| vec![std::sync::Arc::new(Feedback::new(config))])
}
