//! Things break under a load, and nothing that was acknowledged is lost, done twice or refused without a word.

mod clock;
mod disk;
mod kills;
mod postgres;
mod processes;
mod scenarios;
mod sinks;
mod upgrade;
