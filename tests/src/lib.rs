//! The stories that the platform must make true, told through its public API.

pub mod faults;
pub mod call_centre;
pub mod matrix;
pub mod storm;
pub mod survey;
