//! The `newswatch` program: hands over to [`newswatch::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    newswatch::cli::main()
}
