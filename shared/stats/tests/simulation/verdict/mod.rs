mod beside;
mod error_rate;
mod evidence;
mod power;
mod rising;
mod world;
