//! What a process accepts at most.

use std::time::Duration;

use clap::Args;

use super::duration;

/// The largest message that can be allowed: what the generated servers decode.
pub const LARGEST_MESSAGE: u32 = 4 * 1024 * 1024;

/// Bounds that keep one caller from harming the others. Each is answered with a status that says the bound.
#[derive(Args, Clone, Debug)]
pub struct Limits {
    /// Largest request message in bytes, 1024 to 4194304; beyond: `RESOURCE_EXHAUSTED` with the limit
    #[arg(long, env = "ATTUNE_MAX_MESSAGE_BYTES", default_value_t = LARGEST_MESSAGE,
          value_parser = clap::value_parser!(u32).range(1024..=i64::from(LARGEST_MESSAGE)))]
    pub max_message_bytes: u32,

    /// Calls in progress in the whole process; beyond: `RESOURCE_EXHAUSTED` at once
    #[arg(long, env = "ATTUNE_MAX_IN_FLIGHT", default_value_t = 1024,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_in_flight: u32,

    /// Concurrent streams of one connection
    #[arg(long, env = "ATTUNE_MAX_CONNECTION_STREAMS", default_value_t = 512,
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub max_connection_streams: u32,

    /// Deadline of a call that brings none
    #[arg(long, env = "ATTUNE_DEFAULT_DEADLINE", default_value = "30s", value_parser = duration::parse)]
    pub default_deadline: Duration,

    /// Longest deadline a call may bring; longer ones are cut to it
    #[arg(long, env = "ATTUNE_MAX_DEADLINE", default_value = "60s", value_parser = duration::parse)]
    pub max_deadline: Duration,

    /// Calls a second that one tenant may make on this replica
    #[arg(long, env = "ATTUNE_TENANT_RATE", default_value_t = 5_000,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub tenant_rate: u32,

    /// Calls one tenant may make at once after a rest
    #[arg(long, env = "ATTUNE_TENANT_BURST", default_value_t = 10_000,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub tenant_burst: u32,

    /// Longest time that one process keeps due work which calls another system, such as mail to hand over;
    /// after that it counts as dead and another one begins the work again. By default as long as the work can
    /// take; shorter means sooner after a crash, and twice where it does take longer
    #[arg(long, env = "ATTUNE_LONGEST_LEASE", value_name = "TIME", value_parser = duration::parse)]
    pub longest_lease: Option<Duration>,

    /// Age at which a connection is asked to reconnect, so that load spreads over new replicas; each
    /// process takes it up to 10 % shorter or longer
    #[arg(long, env = "ATTUNE_MAX_CONNECTION_AGE", default_value = "30m", value_parser = duration::parse)]
    pub max_connection_age: Duration,

    /// How long a stopping process waits for calls, streams and tasks
    #[arg(long, env = "ATTUNE_GRACE", default_value = "20s", value_parser = duration::parse)]
    pub grace: Duration,

    /// How long a stopping process goes on accepting calls after it has said that it stops, for load
    /// balancers to notice
    #[arg(long, env = "ATTUNE_DRAIN_DELAY", default_value = "0ms", value_parser = duration::parse)]
    pub drain_delay: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_message_bytes: LARGEST_MESSAGE,
            max_in_flight: 1024,
            max_connection_streams: 512,
            default_deadline: Duration::from_secs(30),
            max_deadline: Duration::from_mins(1),
            tenant_rate: 5_000,
            tenant_burst: 10_000,
            longest_lease: None,
            max_connection_age: Duration::from_mins(30),
            grace: Duration::from_secs(20),
            drain_delay: Duration::ZERO,
        }
    }
}

impl Limits {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.default_deadline.is_zero() || self.default_deadline > self.max_deadline {
            return Err(format!(
                "ATTUNE_DEFAULT_DEADLINE is {:?}; it must be more than 0 and at most ATTUNE_MAX_DEADLINE, {:?}",
                self.default_deadline, self.max_deadline
            ));
        }
        if self
            .longest_lease
            .is_some_and(|longest| longest < Duration::from_secs(1))
        {
            return Err("ATTUNE_LONGEST_LEASE must be at least 1s".to_owned());
        }
        if self.max_connection_age < Duration::from_secs(1) {
            return Err("ATTUNE_MAX_CONNECTION_AGE must be at least 1s".to_owned());
        }
        Ok(())
    }
}
