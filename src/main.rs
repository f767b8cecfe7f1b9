//! The program: parses the command line, runs one command, ends with its exit code.

use rollover::cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main(std::env::args_os()).into()
}
