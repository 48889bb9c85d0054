//! What is logged: structured lines on stderr, so that stdout holds only what a command answers.
//!
//! Owns the filter. Libraries that would log requests, bodies or SQL at `debug` stay at `warn` unless `RUST_LOG` names them:
//! turning on our own debug lines must never put a secret into a log.

use std::io::IsTerminal as _;

use actors::Mode;
use tracing_subscriber::EnvFilter;

/// Libraries that see secrets: headers, bodies, statements with their values.
const CAPPED: &[&str] = &[
    "h2",
    "hyper",
    "hyper_util",
    "reqwest",
    "rustls",
    "sea_orm",
    "sea_orm_migration",
    "sqlx",
    "tower",
];
const DEFAULT: &str = "info";

/// Starts logging: JSON in production, compact lines in the sandbox. A second call does nothing.
pub fn start(mode: Mode) {
    let wanted = std::env::var("RUST_LOG")
        .ok()
        .filter(|text| !text.trim().is_empty());
    let filter = EnvFilter::builder().parse_lossy(directives(wanted.as_deref().unwrap_or(DEFAULT)));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let lines = lines.with_ansi(std::io::stderr().is_terminal());
    let started = match mode {
        Mode::Production => lines.json().flatten_event(true).try_init(),
        Mode::Sandbox => lines.compact().try_init(),
    };
    // It fails where somebody else logs already: tests, mostly.
    if started.is_ok() {
        log_panics();
    }
}

/// A panic is a log line like any other; its own text can only hold what we wrote into it.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let reason = panic.payload_as_str().unwrap_or("unknown");
        let at = panic.location().map(ToString::to_string);
        tracing::error!(reason, at, "panicked");
    }));
}

/// What was asked for, and a cap on every library that it does not name.
fn directives(wanted: &str) -> String {
    let named = |library: &str| {
        let targets = wanted
            .split(',')
            .filter_map(|directive| directive.split(['=', '[']).next());
        targets
            .map(|target| target.trim().split("::").next().unwrap_or_default())
            .any(|target| target == library)
    };
    let caps = CAPPED
        .iter()
        .filter(|library| !named(library))
        .map(|library| format!(",{library}=warn"));
    std::iter::once(wanted.to_owned()).chain(caps).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_open_the_libraries() {
        let text = directives("debug");
        assert!(
            text.starts_with("debug,")
                && text.contains(",sqlx=warn")
                && text.contains(",hyper=warn")
        );
    }

    #[test]
    fn a_library_that_is_named_is_left_alone() {
        let text = directives("info,sqlx::query=debug,hyper=trace");
        assert!(
            !text.contains("sqlx=warn") && !text.contains("hyper=warn") && text.contains("h2=warn"),
            "{text}"
        );
    }
}
