//! Work under a lease: done once, by whoever lives.

mod call;
mod failure;
mod lease;
mod timer;
