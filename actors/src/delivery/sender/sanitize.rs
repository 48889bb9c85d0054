//! Sanitizes text from receivers before it is stored and shown. Truncates it and removes characters that
//! a terminal, a log or a web page would interpret instead of display.

/// Maximum length of a response excerpt, in bytes.
pub(super) const MAX_EXCERPT: usize = 1_024;
/// Maximum length of an error detail, in bytes.
const MAX_DETAIL: usize = 200;

/// Returns the printable start of a response body, or `None` if it has none.
pub(super) fn excerpt(body: &[u8]) -> Option<String> {
    let beginning = &body[..body.len().min(MAX_EXCERPT)];
    let text = printable(&String::from_utf8_lossy(beginning), MAX_EXCERPT);
    (!text.is_empty()).then_some(text)
}

/// Returns the printable text of an error.
pub(super) fn detail(text: &str) -> String {
    printable(text, MAX_DETAIL)
}

/// Removes invisible characters, replaces line breaks and tabs with spaces, and cuts at `max` bytes.
fn printable(text: &str, max: usize) -> String {
    let mut printable = String::new();
    for character in text.chars() {
        let character = match character {
            '\n' | '\r' | '\t' => ' ',
            character if character.is_control() || is_hidden(character) => continue,
            character => character,
        };
        if printable.len() + character.len_utf8() > max {
            break;
        }
        printable.push(character);
    }
    printable.trim().to_owned()
}

/// Returns whether a character changes the direction of the surrounding text, breaks the line or has no
/// width. Such a character makes the displayed text differ from the stored one.
fn is_hidden(character: char) -> bool {
    matches!(
        character,
        '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    )
}
