//! Two sides, in turn, and what one is of the other.

use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;

use crate::cpu::Cpu;

/// How long calls took, in milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Latencies {
    /// Half of them took no longer.
    pub(crate) p50: f64,
    /// 99 of 100 took no longer.
    pub(crate) p99: f64,
}

impl Latencies {
    /// The quantiles of `times`, by nearest rank.
    pub(crate) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |share: usize| -> f64 {
            let place = (times.len() * share).div_ceil(100).max(1) - 1;
            times.get(place).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
        };
        Self {
            p50: at(50),
            p99: at(99),
        }
    }
}

/// What one timed run of one side came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// In the unit of its row.
    pub(crate) value: f64,
    /// Of the single calls, where they were timed.
    pub(crate) latencies: Option<Latencies>,
    /// What it cost.
    pub(crate) cpu: Cpu,
}

impl Sample {
    /// The median of `times` as the value, in milliseconds.
    pub(crate) fn median_of(times: Vec<Duration>, cpu: Cpu) -> Self {
        let latencies = Latencies::of(times);
        Self {
            value: latencies.p50,
            latencies: Some(latencies),
            cpu,
        }
    }

    /// The same run with the median time of its calls as the value, in milliseconds; NaN where none was timed.
    pub(crate) fn by_median(self) -> Self {
        let value = self.latencies.map_or(f64::NAN, |latencies| latencies.p50);
        Self { value, ..self }
    }

    /// The same run with the time that 99 of 100 calls keep as the value, in milliseconds; NaN where none was timed.
    pub(crate) fn by_p99(self) -> Self {
        let value = self.latencies.map_or(f64::NAN, |latencies| latencies.p99);
        Self { value, ..self }
    }
}

/// One of those compared.
#[async_trait]
pub(crate) trait Side: Send {
    /// What it is called in the table.
    fn name(&self) -> String;

    /// Brings it into the state that every run begins in; not timed.
    async fn prepare(&mut self) -> anyhow::Result<()> {
        Ok(())
    }

    /// Works for about `timed` and tells what it did.
    async fn run(&mut self, timed: Duration) -> anyhow::Result<Sample>;
}

/// What a comparison is about.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    /// The work.
    pub(crate) work: String,
    /// The unit of both values.
    pub(crate) unit: &'static str,
    /// What the ratio of ours to the partner's shall be.
    pub(crate) aim: Aim,
}

/// A bound on a ratio.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Aim {
    /// The more the better.
    AtLeast(f64),
    /// The less the better.
    AtMost(f64),
    /// The figure itself, whatever the partner's: in the unit of the row, the less the better.
    Itself(f64),
    /// Nothing was promised; the partner says what the figure is worth.
    None,
}

impl Aim {
    /// Whether it is as it shall be.
    pub(crate) fn met_by(self, comparison: &Comparison) -> bool {
        match self {
            Self::AtLeast(bound) => comparison.ratio >= bound,
            Self::AtMost(bound) => comparison.ratio <= bound,
            Self::Itself(bound) => comparison.ours.value <= bound,
            Self::None => true,
        }
    }
}

/// One side over all pairs: medians, and means of what it cost a run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Summary {
    /// Who.
    pub(crate) side: String,
    /// The median of its values.
    pub(crate) value: f64,
    /// The medians of its quantiles.
    pub(crate) latencies: Option<Latencies>,
    /// CPU seconds a run: the generator's, the servers', Postgres's.
    pub(crate) cpu_seconds: [f64; 3],
}

/// Ours beside one partner.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Comparison {
    /// What was compared.
    pub(crate) row: Row,
    /// The platform.
    pub(crate) ours: Summary,
    /// The other.
    pub(crate) partner: Summary,
    /// Ours to the partner's, pair by pair.
    pub(crate) ratios: Vec<f64>,
    /// Their median.
    pub(crate) ratio: f64,
}

impl Comparison {
    /// The smallest and the largest ratio of a pair.
    pub(crate) fn spread(&self) -> (f64, f64) {
        self.ratios
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), ratio| {
                (low.min(*ratio), high.max(*ratio))
            })
    }
}

/// How long and how often.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Counted pairs.
    pub(crate) pairs: usize,
    /// Whether one more goes before them that is not counted.
    pub(crate) warm_up: bool,
    /// How long one side works.
    pub(crate) timed: Duration,
    /// Whether this only shows that the suite works.
    pub(crate) quick: bool,
}

/// Runs ours and every partner in turn, `pairs` times, where the plan says so after one round that does not count.
pub(crate) async fn compare(
    plan: &Plan,
    row: Row,
    ours: &mut dyn Side,
    partners: &mut [&mut dyn Side],
) -> anyhow::Result<Vec<Comparison>> {
    let mut own = Vec::new();
    let mut others: Vec<Vec<Sample>> = partners.iter().map(|_| Vec::new()).collect();
    let warm = usize::from(plan.warm_up);
    for round in 0..plan.pairs + warm {
        let counts = round >= warm;
        ours.prepare().await?;
        let sample = ours.run(plan.timed).await?;
        if counts {
            own.push(sample);
        }
        for (partner, samples) in partners.iter_mut().zip(&mut others) {
            partner.prepare().await?;
            let sample = partner.run(plan.timed).await?;
            if counts {
                samples.push(sample);
            }
        }
    }
    let compared = partners
        .iter()
        .zip(&others)
        .map(|(partner, samples)| compared(row.clone(), (ours.name(), &own), (partner.name(), samples)));
    Ok(compared.collect())
}

/// What samples of two sides, taken in turn, come to.
pub(crate) fn compared(row: Row, ours: (String, &[Sample]), partner: (String, &[Sample])) -> Comparison {
    let pairs = ours.1.iter().zip(partner.1);
    let ratios: Vec<f64> = pairs.map(|(own, other)| own.value / other.value).collect();
    Comparison {
        row,
        ours: summary(ours.0, ours.1),
        partner: summary(partner.0, partner.1),
        ratio: median(ratios.clone()),
        ratios,
    }
}

fn summary(side: String, samples: &[Sample]) -> Summary {
    let of = |read: fn(&Sample) -> f64| -> Vec<f64> { samples.iter().map(read).collect() };
    let mean = |read: fn(&Sample) -> f64| of(read).iter().sum::<f64>() / samples.len().max(1) as f64;
    let latencies: Vec<Latencies> = samples.iter().filter_map(|sample| sample.latencies).collect();
    Summary {
        side,
        value: median(of(|sample| sample.value)),
        latencies: (!latencies.is_empty()).then(|| Latencies {
            p50: median(latencies.iter().map(|found| found.p50).collect()),
            p99: median(latencies.iter().map(|found| found.p99).collect()),
        }),
        cpu_seconds: [
            mean(|sample| sample.cpu.generator),
            mean(|sample| sample.cpu.servers),
            mean(|sample| sample.cpu.postgres),
        ],
    }
}

/// The middle one; of an even number the mean of the middle two. NaN for none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.get(middle), values.len() % 2) {
        (None, _) => f64::NAN,
        (Some(value), 1) => *value,
        (Some(value), _) => f64::midpoint(*value, values.get(middle - 1).copied().unwrap_or(*value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        assert!((median(vec![4.0, 1.0, 3.0, 2.0]) - 2.5).abs() < 1e-12);
        assert!((median(vec![9.0, 1.0, 5.0]) - 5.0).abs() < 1e-12);
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn quantiles_are_times_that_were_measured() {
        let times = (1..=100).map(Duration::from_millis).collect();
        let found = Latencies::of(times);
        assert!(
            (found.p50 - 50.0).abs() < 1e-9 && (found.p99 - 99.0).abs() < 1e-9,
            "{found:?}"
        );
        assert!((Latencies::of(vec![Duration::from_millis(7)]).p99 - 7.0).abs() < 1e-9);
    }

    /// Its values in turn.
    struct Scripted(&'static str, Vec<f64>);

    #[async_trait]
    impl Side for Scripted {
        fn name(&self) -> String {
            self.0.to_owned()
        }
        async fn run(&mut self, _: Duration) -> anyhow::Result<Sample> {
            let value = self.1.remove(0);
            Ok(Sample {
                value,
                latencies: None,
                cpu: Cpu::default(),
            })
        }
    }

    #[tokio::test]
    async fn ratios_are_taken_pair_by_pair_and_the_first_round_does_not_count() {
        let plan = Plan {
            pairs: 3,
            warm_up: true,
            timed: Duration::ZERO,
            quick: false,
        };
        let row = Row {
            work: "work".to_owned(),
            unit: "calls/s",
            aim: Aim::AtLeast(0.5),
        };
        // The machine gets slower by the run; each pair still says one half.
        let mut ours = Scripted("ours", vec![1e9, 80.0, 40.0, 20.0]);
        let mut partner = Scripted("partner", vec![1.0, 160.0, 80.0, 40.0]);
        let compared = compare(&plan, row, &mut ours, &mut [&mut partner]).await.unwrap();
        let [comparison] = compared.as_slice() else {
            panic!("{compared:?}")
        };
        assert_eq!(comparison.ratios, [0.5, 0.5, 0.5]);
        assert!(comparison.row.aim.met_by(comparison));
    }
}
