//! What the tests that go over every RPC share: the fields of a request however deep, valid requests built from
//! the descriptors, and a tenant that has something of everything.
//!
//! Nothing here lists the RPCs. They come from the descriptor set, so that one added tomorrow is covered; when it
//! has a field of which nobody said how a valid value looks, the test that meets it fails and says so.

mod bad;
mod call;
mod employees;
mod harvest;
mod improving;
mod listening;
mod parked;
mod path;
mod recovery;
mod sample;
mod samples;
mod street;
mod team;
mod world;

pub use bad::{Bad, Make, bad_values};
pub use call::{Caller, bytes, is_reading, refused_fields, scope};
pub use harvest::{Findings, carries, rows};
pub use parked::SUBSCRIPTION;
pub use path::Path;
pub use sample::{Sample, sample};
pub use samples::{Samples, single, timestamp};
pub use street::Street;
pub use world::{World, method_named};
