//! The statistics held to their promises in simulated worlds whose truth is known.
//!
//! Every figure is printed (`cargo test -p attune-stats -- --nocapture`) and asserted against the promise itself;
//! the tolerance is what chance allows a promise that is just kept at this number of runs.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that fails says so, and its figures are printed"
)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "days and hours of the simulated worlds are small and not negative"
)]

mod driver;
mod hot;
mod overlap;
mod pilot;
mod promise;
mod random;
mod strata;
mod verdict;
