//! The program: config → telemetry → startup → run. Everything else is in the library.

use std::process::ExitCode;

use clap::Parser as _;
use partner_api::cli::{self, Cli};

#[tokio::main]
async fn main() -> ExitCode {
    cli::run(Cli::parse()).await
}
