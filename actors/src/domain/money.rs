//! Money: `i64` cents internally, a decimal string on the wire.
//!
//! Owns the only parser and the only formatter of amounts. Never rounds, never uses a float, never
//! guesses a currency.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The largest accepted amount, in cents: 99,999,999,999.99.
pub const MAX_CENTS: i64 = 9_999_999_999_999;

/// An amount of money in cents.
///
/// [`Cents::parse`] returns only positive amounts. Sums and balances may be zero. The JSON form is
/// the string that [`fmt::Display`] prints, such as `"7500.00"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cents(i64);

/// Why a text is not an amount. The message states the expected form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The text is empty.
    #[error("an amount is required: write a decimal string such as \"7500.00\"")]
    Empty,
    /// The text contains something other than digits and one point, such as an exponent, a space, a
    /// thousands separator or a currency.
    #[error("write the amount as digits with an optional decimal point, such as \"7500.00\"")]
    NotDecimal,
    /// The text has more than two digits after the point.
    #[error("an amount has at most two decimals, such as \"7500.00\"")]
    TooManyDecimals,
    /// The amount is zero or negative.
    #[error("an amount must be greater than zero")]
    NotPositive,
    /// The amount exceeds [`MAX_CENTS`].
    #[error("an amount is at most 99999999999.99")]
    TooLarge,
}

impl Cents {
    /// Zero, the balance of a settled placement.
    pub const ZERO: Self = Self(0);

    /// Parses a positive decimal string with at most two decimals.
    ///
    /// # Errors
    /// [`MoneyError`] with the first rule that the text violates.
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        if text.is_empty() {
            return Err(MoneyError::Empty);
        }
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match unsigned.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return Err(MoneyError::NotDecimal),
            None => (unsigned, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(MoneyError::NotDecimal);
        }
        if negative {
            return Err(MoneyError::NotPositive);
        }
        if fraction.len() > 2 {
            return Err(MoneyError::TooManyDecimals);
        }
        match digits_to_cents(whole, fraction) {
            None => Err(MoneyError::TooLarge),
            Some(0) => Err(MoneyError::NotPositive),
            Some(cents) => Ok(Self(cents)),
        }
    }

    /// Creates an amount from stored cents of any sign.
    #[must_use]
    pub const fn from_raw(cents: i64) -> Self {
        Self(cents)
    }

    /// The number of cents, for storage and for sums.
    #[must_use]
    pub const fn raw(self) -> i64 {
        self.0
    }

    /// The sum, or `None` on overflow.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, or `None` on overflow.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }
}

/// Converts the digits before and after the point to cents. Uses at most two digits after the point.
/// `None` above [`MAX_CENTS`].
fn digits_to_cents(whole: &str, fraction: &str) -> Option<i64> {
    let digits = whole.bytes().chain(fraction.bytes().chain(*b"00").take(2));
    let mut cents: i64 = 0;
    for digit in digits {
        cents = cents
            .checked_mul(10)?
            .checked_add(i64::from(digit - b'0'))?;
    }
    (cents <= MAX_CENTS).then_some(cents)
}

impl fmt::Display for Cents {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let cents = self.0.unsigned_abs();
        write!(formatter, "{sign}{}.{:02}", cents / 100, cents % 100)
    }
}

impl Serialize for Cents {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cents {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accepts_zero_to_two_decimals() {
        for (text, cents) in [
            ("7500.00", 750_000),
            ("7500", 750_000),
            ("7500.5", 750_050),
            ("0.01", 1),
            ("0.1", 10),
            ("007.50", 750),
            ("99999999999.99", MAX_CENTS),
        ] {
            assert_eq!(Cents::parse(text), Ok(Cents(cents)), "{text}");
        }
    }

    #[test]
    fn invalid_amount_is_refused_with_its_cause() {
        for (text, error) in [
            ("", MoneyError::Empty),
            ("0", MoneyError::NotPositive),
            ("0.00", MoneyError::NotPositive),
            ("-1", MoneyError::NotPositive),
            ("-0.01", MoneyError::NotPositive),
            ("-", MoneyError::NotDecimal),
            ("--1", MoneyError::NotDecimal),
            ("+1", MoneyError::NotDecimal),
            ("1e3", MoneyError::NotDecimal),
            (" 1", MoneyError::NotDecimal),
            ("1 ", MoneyError::NotDecimal),
            ("1,000.00", MoneyError::NotDecimal),
            ("1.", MoneyError::NotDecimal),
            (".5", MoneyError::NotDecimal),
            ("1.2.3", MoneyError::NotDecimal),
            ("$5", MoneyError::NotDecimal),
            ("٥", MoneyError::NotDecimal),
            ("NaN", MoneyError::NotDecimal),
            ("1.001", MoneyError::TooManyDecimals),
            ("100000000000.00", MoneyError::TooLarge),
            ("99999999999999999999999999", MoneyError::TooLarge),
        ] {
            assert_eq!(Cents::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn json_is_a_decimal_string() {
        let json = serde_json::to_string(&Cents(750_000)).unwrap();
        assert_eq!(json, "\"7500.00\"");
        assert_eq!(
            serde_json::from_str::<Cents>(&json).unwrap(),
            Cents(750_000)
        );
        assert!(serde_json::from_str::<Cents>("7500.0").is_err());
    }

    #[test]
    fn negative_and_extreme_amounts_print() {
        assert_eq!(Cents(-5).to_string(), "-0.05");
        assert_eq!(Cents(i64::MIN).to_string(), "-92233720368547758.08");
        assert_eq!(Cents(i64::MAX).checked_add(Cents(1)), None);
        assert_eq!(Cents(i64::MIN).checked_sub(Cents(1)), None);
    }

    proptest! {
        #[test]
        fn amount_round_trips(cents in 1..=MAX_CENTS) {
            prop_assert_eq!(Cents::parse(&Cents(cents).to_string()), Ok(Cents(cents)));
        }

        #[test]
        fn parse_never_panics(text in ".*") {
            let _ = Cents::parse(&text);
        }
    }
}
