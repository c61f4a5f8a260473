//! The service on a real database, with hot issues and outcomes as they come from the other services' feeds.

mod board;
mod detection;
mod goals;
mod initiatives;
mod looks;
mod owed;
mod pilots;
mod platform;
mod requests;
mod tellings;
mod traces;
mod trial;
mod workload;
mod world;
mod worth;
