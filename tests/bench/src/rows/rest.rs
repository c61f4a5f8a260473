//! What a service needs while it has nothing to do, beside a tonic process that can do nothing.

use std::time::Duration;

use async_trait::async_trait;

use crate::cpu::{self, Cpu};
use crate::measure::{Aim, Comparison, Plan, Row, Sample, Side, compare};
use crate::process::{Process, free};
use crate::stage::{SERVICES, Stage};

/// How long all rest before their memory is read.
const REST: Duration = Duration::from_secs(5);

/// Which of its needs.
#[derive(Clone, Copy, Debug)]
enum Need {
    /// Private memory, its share of what others use as well included (PSS), in MiB.
    Memory,
    /// From its start to ready, in milliseconds.
    Start,
}

/// A service that was just started.
struct Service<'a> {
    stage: &'a mut Stage,
    name: &'static str,
    need: Need,
    rest: Duration,
}

#[async_trait]
impl Side for Service<'_> {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    async fn prepare(&mut self) -> anyhow::Result<()> {
        let others: Vec<&'static str> = SERVICES
            .into_iter()
            .filter(|service| *service != self.name)
            .collect();
        self.stage.run_only(&others).await
    }

    async fn run(&mut self, _: Duration) -> anyhow::Result<Sample> {
        self.stage.run_only(&SERVICES).await?;
        if matches!(self.need, Need::Memory) {
            tokio::time::sleep(self.rest).await;
        }
        let (ready_millis, _, share_kib) = self.stage.footprint(self.name)?;
        Ok(sample(match self.need {
            Need::Memory => share_kib as f64 / 1024.0,
            Need::Start => ready_millis,
        }))
    }
}

/// The hello-world process.
struct Hello<'a> {
    program: std::path::PathBuf,
    folder: &'a std::path::Path,
    need: Need,
    rest: Duration,
}

#[async_trait]
impl Side for Hello<'_> {
    fn name(&self) -> String {
        "tonic hello-world".to_owned()
    }

    async fn run(&mut self, _: Duration) -> anyhow::Result<Sample> {
        let address = free()?;
        let mut process = Process::start("hello", &self.program, &[address.to_string()], &[], self.folder)?;
        let listening = process.listens(address).await?;
        if matches!(self.need, Need::Start) {
            return Ok(sample(listening.as_secs_f64() * 1e3));
        }
        tokio::time::sleep(self.rest).await;
        let (_, share_kib) = cpu::memory_kib(process.pid()).unwrap_or_default();
        Ok(sample(share_kib as f64 / 1024.0))
    }
}

fn sample(value: f64) -> Sample {
    Sample {
        value,
        latencies: None,
        cpu: Cpu::default(),
    }
}

/// Measures the five, one after the other, the other four running.
pub(crate) async fn measure(stage: &mut Stage, plan: &Plan) -> anyhow::Result<Vec<Comparison>> {
    let mut all = Vec::new();
    let rest = if plan.quick { Duration::from_secs(1) } else { REST };
    let folder = stage.folder().to_owned();
    for name in SERVICES {
        if plan.quick && name != "interactions" {
            continue;
        }
        for need in [Need::Memory, Need::Start] {
            let (work, unit, aim) = match need {
                Need::Memory => ("memory at rest (PSS)", "MiB", Aim::AtMost(3.0)),
                Need::Start => ("start to ready", "ms", Aim::Itself(300.0)),
            };
            let row = Row {
                work: format!("{work}, {name}"),
                unit,
                aim,
            };
            let mut hello = Hello {
                program: stage.program("hello"),
                folder: &folder,
                need,
                rest,
            };
            let mut service = Service {
                stage,
                name,
                need,
                rest,
            };
            all.extend(compare(plan, row, &mut service, &mut [&mut hello]).await?);
        }
    }
    Ok(all)
}
