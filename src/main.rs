//! The `q4proof` command. What it does is in `q4proof::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    q4proof::cli::main()
}
