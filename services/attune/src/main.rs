//! The command `attune`.

fn main() -> std::process::ExitCode {
    attune::main()
}
