//! The notifications service through its API, on the whole platform and a real mail server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests
#![allow(clippy::too_many_lines, clippy::cloned_ref_to_slice_refs)] // a story is told in one piece, values as they are

mod consent;
mod contact_budget;
mod fixture;
mod profiles_down;
mod provider;
mod reading;
mod send;
mod telling;
mod template;
mod webhook;
