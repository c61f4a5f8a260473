//! Things break under a load, and nothing that was acknowledged is lost, done twice or refused without a word.

mod processes;
mod scenarios;
