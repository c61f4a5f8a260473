//! This crate against a real Postgres.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failing step fails the test"
)]

mod begin;
mod constraint;
mod embedded;
mod fixture;
mod gather;
mod gathered_read;
mod request;
mod retention;
mod roundtrips;
mod statistics;
mod template;
mod tenancy;
