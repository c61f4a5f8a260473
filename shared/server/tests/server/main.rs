//! A real process on a free port, with two small services on a real Postgres.

#![allow(clippy::unwrap_used, clippy::panic)]

mod drain;
mod fixture;
mod layers;
mod loops;
mod peers;
mod services;
mod start;
mod tls;
mod web;
