//! Prints the demo's output: layout, colours and the masking of secrets.
//!
//! Owns standard output. Every line passes [`Narrator::hidden`], which replaces each registered secret with its mask.
//! Never prints a registered secret in full, so chapters need no masking of their own.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::failure::Failure;
use super::terminal_text::wrap;

/// Shorter strings are not masked, because they could be ordinary words. In bytes.
const SHORTEST_SECRET: usize = 8;

/// The output of the demo. Clones share one state.
#[derive(Clone)]
pub(super) struct Narrator {
    told: Arc<Mutex<Told>>,
    began: Instant,
    terminal: bool,
    colours: bool,
}

/// The state of the output.
#[derive(Default)]
struct Told {
    chapter: u32,
    title: String,
    waiting: Option<String>,
    checks: u32,
    failures: u32,
    secrets: Vec<(String, String)>,
}

/// An ANSI style.
#[derive(Clone, Copy)]
enum Style {
    Bold,
    Dim,
    Cyan,
    Green,
    Yellow,
    Red,
}

impl Style {
    const fn code(self) -> &'static str {
        match self {
            Self::Bold => "\x1b[1m",
            Self::Dim => "\x1b[2m",
            Self::Cyan => "\x1b[36m",
            Self::Green => "\x1b[32m",
            Self::Yellow => "\x1b[33m",
            Self::Red => "\x1b[31m",
        }
    }
}

impl Narrator {
    /// Prints to standard output, in colour only if that is a terminal and `NO_COLOR` is unset or empty.
    pub(super) fn on_stdout() -> Self {
        let terminal = io::stdout().is_terminal();
        let plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            told: Arc::default(),
            began: Instant::now(),
            terminal,
            colours: terminal && !plain,
        }
    }

    /// Time since the demo started.
    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Number of checks that have passed.
    pub(super) fn checks(&self) -> u32 {
        self.told().checks
    }

    /// Whether any step has failed.
    pub(super) fn has_failed(&self) -> bool {
        self.told().failures > 0
    }

    /// The current chapter and wait, for the message that explains why the demo stopped.
    pub(super) fn position(&self) -> String {
        let told = self.told();
        let chapter = match told.chapter {
            0 => "before the first chapter".to_owned(),
            number => format!("in chapter {number}, {}", told.title),
        };
        match &told.waiting {
            Some(waiting) => format!("{chapter}; waiting: {waiting}"),
            None => chapter,
        }
    }

    /// Registers `secret`. Later output shows its mask instead.
    pub(super) fn hide(&self, secret: &str) {
        if secret.len() < SHORTEST_SECRET || secret.ends_with('…') {
            return;
        }
        let mut told = self.told();
        if told.secrets.iter().any(|(known, _)| known == secret) {
            return;
        }
        told.secrets.push((secret.to_owned(), mask(secret)));
        if let Some(half) = key_halves(secret).map(|(_, half)| half)
            && half.len() >= SHORTEST_SECRET
        {
            told.secrets.push((half.to_owned(), "…".to_owned()));
        }
    }

    /// `text` with every registered secret masked.
    pub(super) fn hidden(&self, text: &str) -> String {
        self.told()
            .secrets
            .iter()
            .fold(text.to_owned(), |text, (secret, mask)| {
                text.replace(secret, mask)
            })
    }

    /// Prints the first line.
    pub(super) fn title(&self, text: &str) {
        self.line(&self.styled(Style::Bold, text));
    }

    /// Prints the heading of the next chapter: its number, its title and the elapsed time.
    pub(super) fn chapter(&self, title: &str) {
        let number = {
            let mut told = self.told();
            told.chapter += 1;
            title.clone_into(&mut told.title);
            told.waiting = None;
            told.chapter
        };
        let heading = self.styled(Style::Bold, &format!("{number}. {title}"));
        let at = self.styled(
            Style::Dim,
            &format!("({:.1} s)", self.elapsed().as_secs_f64()),
        );
        self.line("");
        self.line(&format!("{heading}  {at}"));
    }

    /// Prints an explanation of the next step.
    pub(super) fn says(&self, text: &str) {
        self.block(" ", Style::Dim, text);
    }

    /// Prints a request.
    pub(super) fn sent(&self, text: &str) {
        self.block("→", Style::Cyan, text);
    }

    /// Prints a response.
    pub(super) fn came(&self, status: u16, text: &str) {
        let style = match status {
            200..=299 => Style::Green,
            _ => Style::Yellow,
        };
        self.block("←", style, text);
    }

    /// Prints something that the demo observed rather than did.
    pub(super) fn happened(&self, text: &str) {
        self.block("·", Style::Dim, text);
    }

    /// Prints a check that passed, and counts it.
    pub(super) fn held(&self, text: &str) {
        self.told().checks += 1;
        self.block("✓", Style::Green, text);
    }

    /// Prints a table row without wrapping it.
    pub(super) fn row(&self, text: &str) {
        let text = self.hidden(text);
        self.line(&format!("    {}", text.trim_end()));
    }

    /// Prints the progress of a wait. A terminal shows one line that is updated; other outputs get one line per change.
    pub(super) fn progress(&self, text: &str) {
        let text = self.hidden(text);
        if self.told().waiting.as_deref() == Some(text.as_str()) {
            return;
        }
        if self.terminal {
            self.clear();
            write_out(&self.styled(Style::Dim, &format!("  … {text}")));
        } else {
            write_out(&format!("  … {text}\n"));
        }
        self.told().waiting = Some(text);
    }

    /// Prints a failed step with the expected and the actual value.
    pub(super) fn failed(&self, failure: &Failure) {
        self.told().failures += 1;
        self.block("✗", Style::Red, &failure.what);
        self.block(" ", Style::Dim, &format!("expected: {}", failure.expected));
        self.block(" ", Style::Dim, &format!("actual: {}", failure.came));
    }

    /// Prints the final line.
    pub(super) fn verdict(&self, good: bool, text: &str) {
        self.line("");
        self.line(&self.styled(if good { Style::Green } else { Style::Red }, text));
    }

    fn block(&self, marker: &str, style: Style, text: &str) {
        for (index, line) in wrap(&self.hidden(text)).iter().enumerate() {
            if index == 0 {
                self.line(&format!("  {} {line}", self.styled(style, marker)));
            } else {
                self.line(&format!("      {line}"));
            }
        }
    }

    fn line(&self, text: &str) {
        self.clear();
        self.told().waiting = None;
        write_out(&format!("{}\n", self.hidden(text)));
    }

    /// Erases an unfinished progress line from the terminal.
    fn clear(&self) {
        if self.terminal && self.told().waiting.is_some() {
            write_out("\r\x1b[2K");
        }
    }

    fn styled(&self, style: Style, text: &str) -> String {
        if self.colours && text != " " {
            format!("{}{text}\x1b[0m", style.code())
        } else {
            text.to_owned()
        }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ignores write errors, such as a closed pipe: the exit code still reports the result.
fn write_out(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

/// The printable form of a secret. It is enough to tell keys apart and not enough to use one.
pub(super) fn mask(secret: &str) -> String {
    match key_halves(secret) {
        Some((prefix, _)) => format!("ca_{prefix}_…"),
        None if secret.starts_with("whsec_") => "whsec_…".to_owned(),
        None => "•••".to_owned(),
    }
}

fn key_halves(secret: &str) -> Option<(&str, &str)> {
    secret.strip_prefix("ca_")?.split_once('_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registered_secrets_are_masked() {
        let narrator = Narrator::on_stdout();
        let key = "ca_abcd1234_0123456789abcdefghij";
        for secret in [key, "whsec_c2VjcmV0c2VjcmV0", "0198-session-token"] {
            narrator.hide(secret);
        }
        let text = format!("{key} 0123456789abcdefghij whsec_c2VjcmV0c2VjcmV0 0198-session-token");
        assert_eq!(narrator.hidden(&text), "ca_abcd1234_… … whsec_… •••");
    }

    #[test]
    fn already_masked_key_is_unchanged() {
        let narrator = Narrator::on_stdout();
        narrator.hide("ca_abcd1234…");
        assert_eq!(narrator.hidden("ca_abcd1234…"), "ca_abcd1234…");
    }
}
