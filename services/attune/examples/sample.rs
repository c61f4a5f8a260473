//! Writes the bundled sample to standard output: `cargo run -p attune --example sample [SEED]`.

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    let seed = std::env::args()
        .nth(1)
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(attune::sample::SEED);
    std::io::stdout().write_all(attune::sample::generate(seed).as_bytes())
}
