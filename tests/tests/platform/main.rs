//! What every RPC promises, enumerated from the descriptor set, and what the platform is as a whole.

mod access;
mod any_input;
mod bad_input;
mod errors;
mod layout;
mod retention;
mod survey_page;
mod tenancy;
mod trace_export;
