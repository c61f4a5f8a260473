//! Any one of the five services, exactly as its own `main` runs it: the name under which this is started says
//! which. Tests of several processes start it, because cargo gives an integration test the path of its own
//! package's executables only.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use attune_notifications::{Config, Notifications};

fn main() -> ExitCode {
    let called = std::env::args_os().next().unwrap_or_default();
    match Path::new(&called).file_name().and_then(|name| name.to_str()) {
        Some("profiles") => attune_server::main(vec![Arc::new(attune_profiles::Profiles)]),
        Some("interactions") => attune_server::main(vec![Arc::new(attune_interactions::Interactions)]),
        Some("feedback") => {
            attune_server::main_with(|config| vec![Arc::new(attune_feedback::Feedback::new(config))])
        }
        Some("improvement") => attune_server::main(vec![Arc::new(attune_improvement::Improvement)]),
        Some("notifications") => {
            attune_server::main_with(|config: Config| vec![Arc::new(Notifications::new(config))])
        }
        _ => attune_server::exit_code(
            &attune_server::ConfigError(
                "start this under the name of a service, such as profiles".to_owned(),
            )
            .into(),
        ),
    }
}
