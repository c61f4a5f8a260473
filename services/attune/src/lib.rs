//! The command `attune`: a demonstration that runs the whole platform in one process, the processes
//! themselves, and the small tools around them.
//!
//! What it does to the platform it does through the public API, as a client over TCP with a token. The only
//! exception is the replay's waiting ([`settled`]): a replay that moves virtual time must know when everything
//! has been heard, which in real life nobody needs to know.

mod account;
mod board;
mod change;
mod cli;
mod customers;
mod database;
mod demo;
mod explore;
mod import;
mod input;
mod letter;
mod owner;
mod platform;
mod postgres;
mod progress;
mod replay;
pub mod sample;
mod sender;
mod serve;
mod services;
mod settled;
mod state;
mod timetable;
mod token;

pub use cli::main;
