//! The feedback service as a process of its own.

fn main() -> std::process::ExitCode {
    attune_server::main(vec![std::sync::Arc::new(attune_feedback::Feedback)])
}
