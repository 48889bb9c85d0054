//! A stranger's words, made fit to be stored and shown: cut, and without what a terminal, a log or a
//! page would obey instead of show.

/// How much of an answer is kept.
pub(super) const MAX_EXCERPT: usize = 1_024;
/// How much of an error's own words is kept.
const MAX_DETAIL: usize = 200;

/// The beginning of an answer, if there is anything to show.
pub(super) fn excerpt(body: &[u8]) -> Option<String> {
    let beginning = &body[..body.len().min(MAX_EXCERPT)];
    let text = printable(&String::from_utf8_lossy(beginning), MAX_EXCERPT);
    (!text.is_empty()).then_some(text)
}

/// An error's own words.
pub(super) fn detail(text: &str) -> String {
    printable(text, MAX_DETAIL)
}

/// `text` without what cannot be seen, cut at `max` bytes.
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

/// What turns the direction of the text around it, breaks its line, or has no width: it would make a
/// reader see other words than are there.
fn is_hidden(character: char) -> bool {
    matches!(
        character,
        '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    )
}
