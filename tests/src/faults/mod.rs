//! A load that runs while something breaks, and what is true of it afterwards.

mod account;
mod flood;
mod letters;
mod load;

pub use account::Account;
pub use flood::Flood;
pub use letters::{Delivered, Letters};
pub use load::{Load, Told};
