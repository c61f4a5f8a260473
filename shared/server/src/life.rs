//! The whole life of a process, from its arguments to its exit code.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::{App, Config, ConfigError, Service};

/// `EX_USAGE` of sysexits.h: the configuration is wrong.
const USAGE: u8 = 64;

/// The `main` of a process with these services: reads flags and environment, runs until a signal, and gives
/// the exit code: 0 after a drain, 64 for a wrong configuration, 1 for any other failure.
pub fn main(services: Vec<Arc<dyn Service>>) -> ExitCode {
    main_with(|_: NoArguments| services)
}

/// [`main`] for services with flags and settings of their own.
pub fn main_with<A: Args>(services: impl FnOnce(A) -> Vec<Arc<dyn Service>>) -> ExitCode {
    let (config, own) = match Config::from_args_with::<A, _>(std::env::args_os()) {
        Ok(parsed) => parsed,
        Err(error) => {
            // Where the terminal is gone there is nobody to tell.
            let _ = error.print();
            return if error.use_stderr() {
                ExitCode::from(USAGE)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    let outcome = runtime().and_then(|runtime| runtime.block_on(run(config, services(own))));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit_code(&error),
    }
}

/// A service without settings of its own.
#[derive(Args, Debug)]
struct NoArguments {}

/// Tells the failure on standard error and gives its exit code: 64 for a wrong configuration, else 1.
pub fn exit_code(error: &anyhow::Error) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "error: {error:#}");
    if error.is::<ConfigError>() {
        ExitCode::from(USAGE)
    } else {
        ExitCode::FAILURE
    }
}

/// At least two threads: the exporter of spans must go on while one of them is busy.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let threads = std::thread::available_parallelism().map_or(2, |cores| cores.get().max(2));
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .context("cannot start the runtime")
}

/// Waits for SIGTERM or SIGINT, for commands that are no service and still have something to put away.
pub async fn stop_asked() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Runs `services` as `config` says until SIGTERM or SIGINT, then drains. A second signal ends the drain at
/// once.
pub async fn run(config: Config, services: Vec<Arc<dyn Service>>) -> anyhow::Result<()> {
    config.check()?;
    let name = match services.as_slice() {
        [one] => format!("attune-{}", one.name()),
        _ => "attune".to_owned(),
    };
    let telemetry = attune_telemetry::init(&config.telemetry(&name))?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;

    let outcome = async {
        let app = App::assemble(config, services, telemetry.readiness()).await?;
        let mut running = app.spawn();
        tracing::info!(address = %running.address(), "serving");
        let stopped = tokio::select! {
            _ = terminate.recv() => Ok(()),
            _ = interrupt.recv() => Ok(()),
            error = running.failed() => Err(error),
        };
        stopped?;
        tokio::select! {
            _ = running.drain() => {}
            _ = terminate.recv() => tracing::warn!("stopped at once"),
            _ = interrupt.recv() => tracing::warn!("stopped at once"),
        }
        anyhow::Ok(())
    }
    .await;
    if let Err(error) = &outcome {
        tracing::error!(error = format!("{error:#}"), "the process cannot go on");
    }
    telemetry.shutdown().await;
    outcome
}
