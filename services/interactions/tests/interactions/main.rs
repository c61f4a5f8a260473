//! The interactions service through its API, on the whole platform.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests
#![allow(clippy::too_many_lines, clippy::cloned_ref_to_slice_refs)] // a story is told in one piece, values as they are

mod close;
mod fixture;
mod list;
mod matters;
mod record;
mod sent;
mod stream;
