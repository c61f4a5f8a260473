//! Outbox, sequencer, feed and subscription against a real Postgres and over real gRPC.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, also in its fixture"
)]

mod feed;
mod fixture;
mod lag;
mod parking;
mod recorder;
mod sequencer;
mod settled;
mod stress;
mod subscription;
mod trace;
