//! The stories that the platform must make true, told through its public API.

pub mod call_centre;
pub mod faults;
pub mod matrix;
pub mod metro;
pub mod storm;
pub mod survey;
