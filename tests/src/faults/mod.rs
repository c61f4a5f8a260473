//! A load that runs while something breaks, and what is true of it afterwards.

mod account;
mod flood;
mod load;

pub use account::Account;
pub use flood::Flood;
pub use load::{Load, Told};
