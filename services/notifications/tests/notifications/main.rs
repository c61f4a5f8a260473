//! The notifications service through its API, on the whole platform and a real mail server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests

mod consent;
mod fixture;
mod profiles_down;
mod provider;
mod send;
mod telling;
mod template;
