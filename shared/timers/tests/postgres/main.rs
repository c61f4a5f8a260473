//! Timers against a real Postgres and a clock moved by hand.

mod firing;
mod fixture;
mod settled;
