//! Validation of single fields: each function returns the cleaned text or a [`FieldProblem`].
//!
//! Owns lengths and alphabets. The checks of e-mail, phone and domain are deliberately lenient: they
//! detect values in the wrong column, not addresses that do not exist. Never decides which fields are
//! required: `draft` does.

use super::super::date::DateError;
use super::super::money::MoneyError;
use super::super::text::{self, TextProblem};

/// Why a field is refused. The message follows the path of the field and never repeats the sent
/// value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldProblem {
    /// The field is absent or blank.
    #[error("is required")]
    Required,
    /// The text violates a rule of every text.
    #[error(transparent)]
    Text(TextProblem),
    /// The text is not an amount.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// The text is not a date.
    #[error(transparent)]
    Date(#[from] DateError),
    /// The due date is before the invoice date.
    #[error("must not be before invoice_date")]
    DueBeforeInvoice,
    /// The text is not an e-mail address.
    #[error("must be an e-mail address, such as ap@example.com")]
    Email,
    /// The text is not a phone number.
    #[error("must be a phone number of 7 to 15 digits, such as +1 415 555 0100")]
    Phone,
    /// The text is not a domain.
    #[error("must be a bare domain, such as example.com")]
    Domain,
    /// The text is not a state.
    #[error("must be the two letters of a state, such as CA")]
    State,
    /// The text is not a postal code.
    #[error("must be a postal code of 3 to 10 letters, digits, spaces and hyphens, such as 94103")]
    Zip,
    /// The text is not a posture.
    #[error("must be preserve or escalate")]
    Posture,
    /// The kind of debtor is unknown.
    #[error("must be business")]
    Kind,
    /// The field is not null. A leaked API key must not be able to set an outbound URL.
    #[error("must be null: set the webhook URL under Settings, signed in to the dashboard")]
    CallbackUrl,
}

/// Checks a single line of at most `max` characters.
///
/// # Errors
/// [`FieldProblem::Required`] for a text without a visible character, or the other errors of [`text::line`].
pub fn line(text: &str, max: usize) -> Result<String, FieldProblem> {
    Ok(text::line(text, max)?)
}

/// Checks an identifier of at most `max` characters.
///
/// # Errors
/// As [`line()`].
pub fn identifier(text: &str, max: usize) -> Result<String, FieldProblem> {
    Ok(text::identifier(text, max)?)
}

/// Checks prose of at most `max` characters.
///
/// # Errors
/// [`FieldProblem::Required`] for a text without a visible character, or the other errors of [`text::prose`].
pub fn prose(text: &str, max: usize) -> Result<String, FieldProblem> {
    Ok(text::prose(text, max)?)
}

impl From<TextProblem> for FieldProblem {
    fn from(problem: TextProblem) -> Self {
        match problem {
            TextProblem::Invisible => Self::Required,
            other => Self::Text(other),
        }
    }
}

/// Checks an e-mail address: 1 to 64 bytes, one `@`, and a domain with a dot, in this order.
///
/// # Errors
/// [`FieldProblem::Email`], or the errors of [`line()`].
pub fn email(text: &str) -> Result<String, FieldProblem> {
    let text = identifier(text, 254)?;
    let (local, host) = text.split_once('@').ok_or(FieldProblem::Email)?;
    let local_ok = (1..=64).contains(&local.len()) && !local.contains(char::is_whitespace);
    if local_ok && is_domain(host) {
        Ok(text)
    } else {
        Err(FieldProblem::Email)
    }
}

/// Checks a phone number: 7 to 15 digits (E.164 has at most 15) with the usual punctuation, at most
/// 32 characters.
///
/// # Errors
/// [`FieldProblem::Phone`], or the errors of [`line()`].
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

/// Checks a domain without scheme, path or port. Returns it in lower case.
///
/// # Errors
/// [`FieldProblem::Domain`], or the errors of [`line()`].
pub fn domain(text: &str) -> Result<String, FieldProblem> {
    let text = line(text, 253)?.to_lowercase();
    if is_domain(&text) {
        Ok(text)
    } else {
        Err(FieldProblem::Domain)
    }
}

/// At least two labels of letters (of any script) and digits, with hyphens only inside a label.
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

/// Checks a state of two letters. Returns it in upper case.
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

/// Checks a postal code of 3 to 10 letters, digits, spaces and hyphens.
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
    fn invisible_text_counts_as_absent() {
        assert_eq!(line("  Acme Ltd ", 10), Ok("Acme Ltd".into()));
        assert_eq!(line(" \u{2800} ", 4), Err(FieldProblem::Required));
        let long = FieldProblem::Text(TextProblem::TooLong(4));
        assert_eq!(line("12345", 4), Err(long));
        assert_eq!(prose("a\r\n\tb", 9), Ok("a\n\tb".into()));
    }

    #[test]
    fn values_in_the_wrong_column_are_refused() {
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
