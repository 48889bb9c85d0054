//! The commands of the program.
//!
//! Owns what is printed to stdout and the exit codes. Never does the work itself.

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

use actors::{Mode, PartnerApi};
use clap::{Args, Parser, Subcommand};
use secrecy::ExposeSecret as _;

use crate::config::{Config, Flags};
use crate::demo::{self, DemoOptions};
use crate::support_cli::{self, SupportArgs};
use crate::{openapi, server, telemetry};

/// Partner platform of a B2B collections company.
#[derive(Debug, Parser)]
#[command(name = "partner-api", version, about)]
pub struct Cli {
    #[command(flatten)]
    flags: Flags,
    #[command(flatten)]
    serve: ServeArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Default, Args)]
struct ServeArgs {
    /// Print every setting with its source, secrets masked, and exit
    #[arg(long)]
    print_config: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Migrate the database, then start the actors and the HTTP server (the default)
    Serve(ServeArgs),
    /// Run the main workflow against a temporary server and explain each step
    Demo {
        /// Keep the server running after the demo
        #[arg(long)]
        keep: bool,
    },
    /// Apply the database migrations and exit
    Migrate,
    /// Print the OpenAPI document
    Openapi,
    /// Call the support API from the command line
    Support(SupportArgs),
}

/// Runs one command to completion and returns its exit code.
pub async fn run(cli: Cli) -> ExitCode {
    let flags = cli.flags;
    let result = match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(args) if args.print_config => print_config(&flags),
        Command::Serve(_) => serve(&flags).await,
        Command::Demo { keep } => return demo::run(&demo_options(keep, &flags)).await,
        Command::Migrate => migrate(&flags).await,
        Command::Openapi => print(openapi::text()),
        Command::Support(args) => support(args, &flags).await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            let _ = writeln!(std::io::stderr(), "partner-api: {message}");
            ExitCode::FAILURE
        }
    }
}

async fn support(args: SupportArgs, flags: &Flags) -> Result<(), Box<dyn Error>> {
    print(&support_cli::run(args, flags).await?)
}

async fn serve(flags: &Flags) -> Result<(), Box<dyn Error>> {
    let config = Config::load(flags)?;
    let _log = telemetry::start(config.settings.mode);
    let announcement = announcement(&config);
    let server = server::start(config).await?;
    print(&format!("{announcement}listening on {}", server.base_url))?;
    if server.wait().await {
        Ok(())
    } else {
        Err("the actor system failed and could not be restarted; see the log".into())
    }
}

/// The text printed before `listening on …`: the support token, if the sandbox has generated it.
///
/// The operator knows a token from the settings, and the output may be stored in a log.
fn announcement(config: &Config) -> String {
    match (
        &config.support_token_file,
        config.settings.support_tokens.first(),
    ) {
        (Some(file), Some(support)) => {
            let (token, file) = (support.token.expose_secret(), file.display());
            format!("support token {token}  (kept in {file})\n")
        }
        _ => String::new(),
    }
}

fn print_config(flags: &Flags) -> Result<(), Box<dyn Error>> {
    let text = Config::describe(flags)?;
    print(text.trim_end())
}

async fn migrate(flags: &Flags) -> Result<(), Box<dyn Error>> {
    let url = Config::database_url(flags)?;
    let _log = telemetry::start(Mode::Sandbox);
    PartnerApi::migrate(&url).await?;
    print("the database is up to date")
}

/// The demo starts its own server. It takes from the flags and the environment only what it needs to use an existing
/// Postgres.
fn demo_options(keep: bool, flags: &Flags) -> DemoOptions {
    let secret = |name: &str| {
        std::env::var(name)
            .ok()
            .filter(|text| !text.is_empty())
            .map(Into::into)
    };
    DemoOptions {
        keep,
        database_url: flags
            .value("database_url")
            .map(Into::into)
            .or_else(|| secret("DATABASE_URL")),
        master_key: secret("PARTNER_API_MASTER_KEY"),
    }
}

/// Prints a line to stdout. A closed pipe (`| head`) is not an error.
fn print(text: &str) -> Result<(), Box<dyn Error>> {
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(format!("stdout: {error}").into())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn command_line_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn missing_subcommand_means_serve() {
        let cli = Cli::try_parse_from(["partner-api", "--listen", "127.0.0.1:0"]).unwrap();
        assert!(cli.command.is_none());
        assert_eq!(cli.flags.value("listen"), Some("127.0.0.1:0"));
        let cli =
            Cli::try_parse_from(["partner-api", "serve", "--print-config", "--listen", "x:1"])
                .unwrap();
        assert!(matches!(
            cli.command,
            Some(Command::Serve(ServeArgs { print_config: true }))
        ));
        assert_eq!(cli.flags.value("listen"), Some("x:1"));
    }
}
