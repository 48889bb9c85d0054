//! Logging: structured lines on stderr. Stdout is reserved for the output of commands.
//!
//! A thread of its own writes the lines, in batches. If nobody reads stderr, lines are dropped, and no request waits.
//!
//! Owns the log format and the filter. Libraries that log requests, bodies or SQL at `debug` stay at `warn` unless
//! `RUST_LOG` names them. Enabling debug lines of this program must never put a secret into the log.

use std::io::{BufWriter, IsTerminal as _};

use actors::Mode;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

/// Libraries that handle secrets: headers, bodies and SQL statements with their values.
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

/// The bytes that are written at once.
const BATCH_BYTES: usize = 64 * 1024;
/// The most lines that wait to be written.
const MAX_LINES: usize = 32_768;

/// Starts logging: JSON in production, compact lines in the sandbox. A second call has no effect. Lines are written
/// until the guard is dropped.
pub fn start(mode: Mode) -> WorkerGuard {
    let wanted = std::env::var("RUST_LOG")
        .ok()
        .filter(|text| !text.trim().is_empty());
    let filter = EnvFilter::builder().parse_lossy(directives(wanted.as_deref().unwrap_or(DEFAULT)));
    let stderr = BufWriter::with_capacity(BATCH_BYTES, std::io::stderr());
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(MAX_LINES)
        .thread_name("log")
        .finish(stderr);
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer);
    let lines = lines.with_ansi(std::io::stderr().is_terminal());
    let started = match mode {
        Mode::Production => lines
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .try_init(),
        Mode::Sandbox => lines.compact().try_init(),
    };
    // Fails if a subscriber is already set, which mostly happens in tests.
    if started.is_ok() {
        log_panics();
    }
    guard
}

/// Logs panics like any other event. The text of a panic holds only what this program writes into it.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let text = panic.payload_as_str().unwrap_or("unknown");
        let location = panic.location().map(ToString::to_string);
        tracing::error!(panic = text, location, "a thread panicked");
    }));
}

/// The wanted directives, plus a `warn` cap for every library that they do not name.
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
    fn debug_level_keeps_library_caps() {
        let text = directives("debug");
        assert!(
            text.starts_with("debug,")
                && text.contains(",sqlx=warn")
                && text.contains(",hyper=warn")
        );
    }

    #[test]
    fn explicitly_named_library_is_not_capped() {
        let text = directives("info,sqlx::query=debug,hyper=trace");
        assert!(
            !text.contains("sqlx=warn") && !text.contains("hyper=warn") && text.contains("h2=warn"),
            "{text}"
        );
    }
}
