mod world;
mod error_rate;
