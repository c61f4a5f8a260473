//! The profiles service through its API, on the whole platform.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests

mod consent;
mod feed;
mod fixture;
mod identity;
mod paging;
mod profile;
