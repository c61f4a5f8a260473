//! Timers against a real Postgres and a clock moved by hand.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, also in its fixture"
)]

mod firing;
mod fixture;
mod settled;
mod work;
