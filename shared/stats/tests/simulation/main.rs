//! The statistics held to their promises in simulated worlds whose truth is known.
//!
//! Every figure is printed (`cargo test -p attune-stats -- --nocapture`) and asserted against the promise itself;
//! the tolerance is what chance allows a promise that is just kept at this number of runs.

mod hot;
mod promise;
mod random;
mod verdict;
