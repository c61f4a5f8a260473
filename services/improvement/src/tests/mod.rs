//! The service on a real database, with hot issues and outcomes as they come from the other services' feeds.

mod board;
mod comparisons;
mod detection;
mod digests;
mod employees;
mod goals;
mod initiatives;
mod later_evidence;
mod looks;
mod merges;
mod owed;
mod pilots;
mod platform;
mod priorities;
mod recognitions;
mod relations;
mod requests;
mod splits;
mod team;
mod tellings;
mod traces;
mod trial;
mod workload;
mod world;
mod worth;
