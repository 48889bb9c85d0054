//! The rules of single fields: a text goes in, a cleaned text or a readable problem comes out.
//!
//! Owns lengths and alphabets. The checks of e-mail, phone and domain are light on purpose: they
//! catch a shifted column, not an address that does not exist. Which fields are required is
//! `draft`'s.

use super::super::date::DateError;
use super::super::money::MoneyError;

/// Why a field is not accepted. The message follows the field's path, and never repeats what was
/// sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldProblem {
    /// Absent or blank.
    #[error("is required")]
    Required,
    /// Too many characters.
    #[error("must have at most {0} characters")]
    TooLong(usize),
    /// A character that does not print.
    #[error("must not contain control characters")]
    ControlCharacter,
    /// Not an amount.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// Not a date.
    #[error(transparent)]
    Date(#[from] DateError),
    /// Due before it was invoiced.
    #[error("must not be before invoice_date")]
    DueBeforeInvoice,
    /// Not an e-mail address.
    #[error("must be an e-mail address, such as ap@example.com")]
    Email,
    /// Not a phone number.
    #[error("must be a phone number of 7 to 15 digits, such as +1 415 555 0100")]
    Phone,
    /// Not a domain.
    #[error("must be a bare domain, such as example.com")]
    Domain,
    /// Not a state.
    #[error("must be the two letters of a state, such as CA")]
    State,
    /// Not a postal code.
    #[error("must be a postal code of 3 to 10 letters, digits, spaces and hyphens, such as 94103")]
    Zip,
    /// Not a posture.
    #[error("must be preserve or escalate")]
    Posture,
    /// Not a kind of debtor.
    #[error("must be business")]
    Kind,
    /// A leaked key must not gain an outbound URL.
    #[error("must be null: set the webhook URL under Settings, signed in to the dashboard")]
    CallbackUrl,
}

/// A single line of 1 to `max` characters, without the blanks around it.
///
/// # Errors
/// [`FieldProblem::Required`], [`FieldProblem::TooLong`] or [`FieldProblem::ControlCharacter`].
pub fn line(text: &str, max: usize) -> Result<String, FieldProblem> {
    bounded(text, max, |_| false)
}

/// Text of 1 to `max` characters in which lines and tabs are welcome, without the blanks around it.
///
/// # Errors
/// [`FieldProblem::Required`], [`FieldProblem::TooLong`] or [`FieldProblem::ControlCharacter`].
pub fn text(text: &str, max: usize) -> Result<String, FieldProblem> {
    bounded(text, max, |character| {
        matches!(character, '\n' | '\r' | '\t')
    })
}

fn bounded(text: &str, max: usize, welcome: fn(char) -> bool) -> Result<String, FieldProblem> {
    let text = text.trim();
    if text.is_empty() {
        return Err(FieldProblem::Required);
    }
    if text.chars().nth(max).is_some() {
        return Err(FieldProblem::TooLong(max));
    }
    if text
        .chars()
        .any(|character| is_unprintable(character) && !welcome(character))
    {
        return Err(FieldProblem::ControlCharacter);
    }
    Ok(text.to_owned())
}

/// Control characters, and those that turn the direction of what follows: a name that reads as
/// another one.
fn is_unprintable(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Something before one `@`, and a name with a dot after it.
///
/// # Errors
/// [`FieldProblem::Email`], or as [`line()`].
pub fn email(text: &str) -> Result<String, FieldProblem> {
    let text = line(text, 254)?;
    let (local, host) = text.split_once('@').ok_or(FieldProblem::Email)?;
    let local_ok = (1..=64).contains(&local.len()) && !local.contains(char::is_whitespace);
    if local_ok && is_domain(host) {
        Ok(text)
    } else {
        Err(FieldProblem::Email)
    }
}

/// 7 to 15 digits (E.164 has at most 15) with the usual punctuation, at most 32 characters.
///
/// # Errors
/// [`FieldProblem::Phone`], or as [`line()`].
pub fn phone(text: &str) -> Result<String, FieldProblem> {
    let text = line(text, 32)?;
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let usual = |(index, byte): (usize, u8)| match byte {
        b'+' => index == 0,
        b' ' | b'-' | b'.' | b'(' | b')' | b'/' => true,
        digit => digit.is_ascii_digit(),
    };
    if (7..=15).contains(&digits) && text.bytes().enumerate().all(usual) {
        Ok(text)
    } else {
        Err(FieldProblem::Phone)
    }
}

/// A domain, without scheme, path or port; answered in lower case.
///
/// # Errors
/// [`FieldProblem::Domain`], or as [`line()`].
pub fn domain(text: &str) -> Result<String, FieldProblem> {
    let text = line(text, 253)?.to_lowercase();
    if is_domain(&text) {
        Ok(text)
    } else {
        Err(FieldProblem::Domain)
    }
}

/// At least two labels of letters (of any script), digits and inner hyphens.
fn is_domain(text: &str) -> bool {
    let label_ok = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .chars()
                .all(|character| character.is_alphanumeric() || character == '-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(label_ok)
}

/// Two letters; answered in upper case.
///
/// # Errors
/// [`FieldProblem::State`].
pub fn state(text: &str) -> Result<String, FieldProblem> {
    let text = text.trim();
    let two_letters = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    if two_letters {
        Ok(text.to_ascii_uppercase())
    } else {
        Err(FieldProblem::State)
    }
}

/// 3 to 10 letters, digits, spaces and hyphens.
///
/// # Errors
/// [`FieldProblem::Zip`].
pub fn zip(text: &str) -> Result<String, FieldProblem> {
    let text = text.trim();
    let usual = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'-');
    let right = (3..=10).contains(&text.len()) && text.bytes().all(usual);
    if right {
        Ok(text.to_owned())
    } else {
        Err(FieldProblem::Zip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_trimmed_bounded_and_printable() {
        assert_eq!(line("  Acme Ltd ", 10), Ok("Acme Ltd".into()));
        assert_eq!(line("ääää", 4), Ok("ääää".into()), "characters, not bytes");
        assert_eq!(line(" \t ", 4), Err(FieldProblem::Required));
        assert_eq!(line("12345", 4), Err(FieldProblem::TooLong(4)));
        for unprintable in ["a\u{0}b", "a\nb", "a\u{85}b", "a\u{202e}b"] {
            assert_eq!(
                line(unprintable, 9),
                Err(FieldProblem::ControlCharacter),
                "{unprintable:?}"
            );
        }
        assert_eq!(text("a\r\n\tb", 9), Ok("a\r\n\tb".into()));
        assert_eq!(text("a\u{1b}b", 9), Err(FieldProblem::ControlCharacter));
    }

    #[test]
    fn light_checks_catch_a_shifted_column() {
        for good in [
            "ap@example.com",
            "o'neil+x@sub.example.co",
            "info@bücher.de",
        ] {
            assert!(email(good).is_ok(), "{good}");
        }
        for bad in [
            "example.com",
            "@example.com",
            "a@b",
            "a@@b.com",
            "a b@c.com",
            "a@b..com",
            "a@-b.com",
            "555-0100",
        ] {
            assert_eq!(email(bad), Err(FieldProblem::Email), "{bad}");
        }
        for good in ["+1 (415) 555-0100", "4155550100", "030/1234567"] {
            assert!(phone(good).is_ok(), "{good}");
        }
        for bad in [
            "12345",
            "ap@example.com",
            "1+4155550100",
            "1234567890123456",
            "call me 5550100",
        ] {
            assert_eq!(phone(bad), Err(FieldProblem::Phone), "{bad}");
        }
        assert_eq!(domain("Example.COM"), Ok("example.com".into()));
        for bad in [
            "https://example.com",
            "example",
            "example.com/x",
            "example.com:80",
            ".com",
            "a..b",
        ] {
            assert_eq!(domain(bad), Err(FieldProblem::Domain), "{bad}");
        }
        assert_eq!(state(" ca "), Ok("CA".into()));
        for bad in ["C", "CAL", "C1", "Ä", ""] {
            assert_eq!(state(bad), Err(FieldProblem::State), "{bad}");
        }
        assert_eq!(zip("94103-1234"), Ok("94103-1234".into()));
        for bad in ["", "12", "94103_", "12345678901"] {
            assert_eq!(zip(bad), Err(FieldProblem::Zip), "{bad}");
        }
    }
}
