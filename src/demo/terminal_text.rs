//! Formats text for a terminal of 100 columns.

/// Columns of a line, without the margin that the narrator adds.
const WIDTH: usize = 94;

/// The separator between parts. Words inside a part are separated by one space.
const GAP: &str = "  ";

/// Wraps `text`. Lines break between parts where possible, and never inside a word, so that every word can be copied.
pub(super) fn wrap(text: &str) -> Vec<String> {
    let mut lines = Lines(vec![String::new()]);
    for part in text.split(GAP).filter(|part| !part.is_empty()) {
        if width(part) <= WIDTH {
            lines.put(GAP, part);
        } else {
            for (index, word) in part.split(' ').enumerate() {
                lines.put(if index == 0 { GAP } else { " " }, word);
            }
        }
    }
    lines.0
}

/// Lines that are being filled.
struct Lines(Vec<String>);

impl Lines {
    /// Appends `gap` and `text` to the last line if both fit, otherwise starts a new line with `text`.
    fn put(&mut self, gap: &str, text: &str) {
        match self.0.last_mut() {
            Some(line) if line.is_empty() => line.push_str(text),
            Some(line) if width(line) + gap.len() + width(text) <= WIDTH => {
                line.push_str(gap);
                line.push_str(text);
            }
            _ => self.0.push(text.to_owned()),
        }
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// The first `limit` characters of `text`, with `…` at the end if it is longer.
pub(super) fn shortened(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A number with its noun: `1 event`, `2 events`.
pub(super) fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapped_lines_fit_and_keep_every_word() {
        let text = "word ".repeat(60);
        let lines = wrap(text.trim_end());
        assert!(lines.iter().all(|line| width(line) <= WIDTH));
        assert_eq!(lines.join(" "), text.trim_end());
    }

    #[test]
    fn lines_break_between_parts_first() {
        let part = "one part of it".repeat(4);
        let text = format!("{part}{GAP}{part}");
        assert_eq!(wrap(&text), [part.clone(), part]);
    }

    #[test]
    fn long_word_is_not_split() {
        let word = "x".repeat(150);
        assert_eq!(
            wrap(&format!("a {word} b")),
            ["a".to_owned(), word, "b".to_owned()]
        );
    }

    #[test]
    fn only_long_text_is_shortened() {
        assert_eq!(shortened("äbc", 3), "äbc");
        assert_eq!(shortened("äbcd", 3), "äbc…");
    }

    #[test]
    fn count_uses_singular_and_plural() {
        assert_eq!(count(1, "event"), "1 event");
        assert_eq!(count(0, "event"), "0 events");
    }
}
