//! The service on a real database, with hot issues and outcomes as they come from the other services' feeds.

mod detection;
mod initiatives;
mod looks;
mod platform;
mod requests;
mod tellings;
mod traces;
mod world;
