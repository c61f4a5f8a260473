//! The interactions service through its API, on the whole platform.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests

mod fixture;
mod list;
mod record;
mod sent;
mod stream;
