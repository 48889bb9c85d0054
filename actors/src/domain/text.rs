//! The one rule for every text that callers send: how it is normalized, and which characters it may have.
//!
//! | text | form |
//! |---|---|
//! | a line: names, numbers, addresses | NFC, trimmed, no control characters, at least one visible character |
//! | prose: notes, reasons, answers | the same, with line feeds and tabs; CR LF becomes LF |
//! | an identifier: invoice numbers, references, e-mail addresses | a line without invisible characters |
//! | for comparison in a search | the same, and never refused |
//!
//! Passwords, keys and secrets are never texts in this sense: they are not changed. Sources: UAX #15 (NFC), UAX #9
//! (bidirectional controls), and `Default_Ignorable_Code_Point` of the Unicode Character Database.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::is_nfc;

/// Why a text is refused. The message follows the path of the field and never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextProblem {
    /// The text has no visible character.
    #[error("must have at least one visible character")]
    Invisible,
    /// The text has more characters than this maximum.
    #[error("must have at most {0} characters")]
    TooLong(usize),
    /// The text contains a control character or a bidirectional control.
    #[error("must not contain control characters")]
    ControlCharacter,
}

/// Checks a single line of at most `max` characters.
///
/// # Errors
/// [`TextProblem`] with the first rule that the text violates.
pub fn line(text: &str, max: usize) -> Result<String, TextProblem> {
    checked(text, max, |_| false)
}

/// Checks prose of at most `max` characters, which may have line feeds and tabs.
///
/// # Errors
/// [`TextProblem`] with the first rule that the text violates.
pub fn prose(text: &str, max: usize) -> Result<String, TextProblem> {
    let text = &text.replace("\r\n", "\n");
    checked(text, max, |character| matches!(character, '\n' | '\t'))
}

/// Checks an identifier of at most `max` characters. It loses its invisible characters, so that two that look alike are
/// equal.
///
/// # Errors
/// [`TextProblem`] with the first rule that the text violates.
pub fn identifier(text: &str, max: usize) -> Result<String, TextProblem> {
    Ok(comparable(&line(text, max)?))
}

/// The text for comparison: in NFC, without invisible characters, trimmed.
#[must_use]
pub fn comparable(text: &str) -> String {
    let visible: String = text
        .nfc()
        .filter(|character| !is_ignorable(*character))
        .collect();
    // A base and a mark may have been apart.
    nfc(visible.trim())
}

fn checked(text: &str, max: usize, allowed: fn(char) -> bool) -> Result<String, TextProblem> {
    let text = nfc(text.trim());
    if !text.chars().any(is_visible) {
        return Err(TextProblem::Invisible);
    }
    if text.chars().nth(max).is_some() {
        return Err(TextProblem::TooLong(max));
    }
    let refused = |character: char| is_control(character) && !allowed(character);
    if text.chars().any(refused) {
        return Err(TextProblem::ControlCharacter);
    }
    Ok(text)
}

fn nfc(text: &str) -> String {
    if is_nfc(text) {
        return text.to_owned();
    }
    text.nfc().collect()
}

/// Control characters, and bidirectional controls, with which one name can look like another.
fn is_control(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(character, '\u{2028}' | '\u{2029}')
}

fn is_visible(character: char) -> bool {
    !character.is_whitespace() && !is_control(character) && !is_ignorable(character)
}

/// Characters that show nothing although they are neither white space nor controls.
const fn is_ignorable(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            // The blank Braille pattern, which is no default ignorable but shows nothing either.
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn line_is_trimmed_composed_and_bounded() {
        assert_eq!(line("  Acme Ltd \u{a0}", 10), Ok("Acme Ltd".into()));
        assert_eq!(line("RE-u\u{308}1", 5), Ok("RE-\u{fc}1".into()));
        assert_eq!(line("ääää", 4), Ok("ääää".into()), "characters, not bytes");
        assert_eq!(line("12345", 4), Err(TextProblem::TooLong(4)));
    }

    #[test]
    fn text_without_a_visible_character_is_refused() {
        for blank in [
            "",
            " \t ",
            "\u{2800}",
            "\u{200b}\u{feff}",
            "\u{3164} \u{ad}",
            "\u{e0041}",
        ] {
            assert_eq!(line(blank, 9), Err(TextProblem::Invisible), "{blank:?}");
            assert_eq!(prose(blank, 9), Err(TextProblem::Invisible), "{blank:?}");
        }
    }

    #[test]
    fn control_characters_are_refused_except_line_feed_and_tab_in_prose() {
        for control in [
            '\0', '\n', '\t', '\r', '\u{7f}', '\u{85}', '\u{202e}', '\u{2066}', '\u{2028}',
        ] {
            let text = format!("a{control}b");
            assert_eq!(
                line(&text, 9),
                Err(TextProblem::ControlCharacter),
                "{control:?}"
            );
            let in_prose = matches!(control, '\n' | '\t');
            assert_eq!(prose(&text, 9).is_ok(), in_prose, "{control:?}");
        }
        assert_eq!(prose("a\r\nb", 3), Ok("a\nb".into()));
        let many = "a".to_owned() + &"\r".repeat(100_000) + "\nb";
        assert_eq!(prose(&many, 200_000), Err(TextProblem::ControlCharacter));
    }

    #[test]
    fn comparison_ignores_invisible_characters_and_composition() {
        assert_eq!(comparable("INV-1\u{200b}"), comparable("INV-1"));
        assert_eq!(comparable("RE-u\u{200d}\u{308}1"), comparable("RE-ü1"));
        assert_ne!(comparable("INV-1"), comparable("inv-1"));
        assert_eq!(
            line("👩\u{200d}🚀", 3),
            Ok("👩\u{200d}🚀".into()),
            "joined emoji stay joined"
        );
    }

    #[test]
    fn identifiers_that_look_alike_are_equal() {
        assert_eq!(identifier(" INV-1\u{200b} ", 9), Ok("INV-1".into()));
        assert_eq!(identifier("\u{200b}", 9), Err(TextProblem::Invisible));
    }

    proptest! {
        #[test]
        fn accepted_text_is_accepted_unchanged_again(text in ".{0,40}") {
            if let Ok(once) = line(&text, 40) {
                prop_assert_eq!(line(&once, 40), Ok(once));
            }
            if let Ok(once) = prose(&text, 40) {
                prop_assert_eq!(prose(&once, 40), Ok(once));
            }
            let once = comparable(&text);
            prop_assert_eq!(comparable(&once), once);
        }
    }
}
