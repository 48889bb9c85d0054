//! The program: parses the command line and runs the command. Everything else is in the library.

use std::process::ExitCode;

use clap::Parser as _;
use partner_api::cli::{self, Cli};
use partner_api::threads;

/// Under load, glibc's allocator accounted for a twelfth of the time of a request.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::io::Result<ExitCode> {
    Ok(threads::start()?.block_on(cli::run(Cli::parse())))
}
