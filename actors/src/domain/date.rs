//! Dates and instants as text.
//!
//! Owns the strict parsers of `YYYY-MM-DD` and RFC 3339, and the only formatter of instants. Never
//! reads a clock, never guesses a time zone.

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Utc};

/// 0000-01-01T00:00:00.000Z, the first instant that RFC 3339 can express.
const FIRST_MS: i64 = -62_167_219_200_000;
/// 9999-12-31T23:59:59.999Z, the last instant that RFC 3339 can express.
const LAST_MS: i64 = 253_402_300_799_999;
/// Dates before this year are treated as typing errors, such as `0026-11-22`.
const FIRST_YEAR: i32 = 1900;

/// Why a text is not a date or an instant. The message states the expected form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    /// The text is not four, two and two digits separated by hyphens.
    #[error("write the date as YYYY-MM-DD, such as 2026-11-22")]
    NotADate,
    /// The text has the right shape, but the day does not exist or its year is before 1900.
    #[error("the day does not exist or is before 1900; write the date as YYYY-MM-DD")]
    NoSuchDay,
    /// The text is not an RFC 3339 instant.
    #[error("write the time as RFC 3339 with a zone, such as 2026-11-22T10:00:00.000Z")]
    NotAnInstant,
    /// The instant has no zone, so it is ambiguous.
    #[error("the time has no zone: end it with Z or an offset, such as 2026-11-22T10:00:00.000Z")]
    MissingZone,
    /// The `+` of an offset was not percent-encoded in a query string, so it arrived as a space.
    #[error("the + of the zone offset arrived as a space: write it as %2B in a URL, or use Z")]
    PlusArrivedAsSpace,
}

/// Parses a calendar date, strictly `YYYY-MM-DD`.
///
/// # Errors
/// [`DateError::NotADate`] for another shape. [`DateError::NoSuchDay`] for days that do not exist,
/// such as 2026-02-30, and for years before 1900.
pub fn parse_date(text: &str) -> Result<NaiveDate, DateError> {
    let bytes = text.as_bytes();
    let right_shape = bytes.len() == 10
        && bytes.iter().enumerate().all(|(index, byte)| match index {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !right_shape {
        return Err(DateError::NotADate);
    }
    let number = |digits: &[u8]| {
        digits
            .iter()
            .fold(0_u16, |sum, digit| sum * 10 + u16::from(digit - b'0'))
    };
    let (year, month, day) = (
        i32::from(number(&bytes[..4])),
        number(&bytes[5..7]),
        number(&bytes[8..]),
    );
    NaiveDate::from_ymd_opt(year, month.into(), day.into())
        .filter(|date| date.year() >= FIRST_YEAR)
        .ok_or(DateError::NoSuchDay)
}

/// Formats an instant (Unix epoch milliseconds) as RFC 3339 in UTC with milliseconds:
/// `2026-11-22T10:00:00.000Z`.
///
/// Instants outside the years 0000–9999 are clamped to that range.
#[must_use]
pub fn rfc3339_ms(ms: i64) -> String {
    DateTime::<Utc>::from_timestamp_millis(ms.clamp(FIRST_MS, LAST_MS))
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Parses an RFC 3339 instant with a zone into Unix epoch milliseconds.
///
/// Fractions below a millisecond are rounded down, because the filters select rows that are strictly
/// later: a row at whole millisecond `t` is later than the instant `x` exactly when `t > floor(x)`.
///
/// # Errors
/// [`DateError::MissingZone`], [`DateError::PlusArrivedAsSpace`] or [`DateError::NotAnInstant`].
pub fn parse_instant(text: &str) -> Result<i64, DateError> {
    if !text.is_ascii() || text.len() > 64 {
        return Err(DateError::NotAnInstant);
    }
    // chrono also accepts a space between date and time. The wire contract does not.
    if !matches!(text.as_bytes().get(10), Some(b'T' | b't')) {
        return Err(DateError::NotAnInstant);
    }
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Ok(instant.timestamp_millis());
    }
    let parses = |candidate: String| DateTime::parse_from_rfc3339(&candidate).is_ok();
    if parses(format!("{text}Z")) {
        Err(DateError::MissingZone)
    } else if text.contains(' ') && parses(text.replace(' ', "+")) {
        Err(DateError::PlusArrivedAsSpace)
    } else {
        Err(DateError::NotAnInstant)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_are_parsed_strictly() {
        assert_eq!(
            parse_date("2026-11-22"),
            Ok(NaiveDate::from_ymd_opt(2026, 11, 22).unwrap())
        );
        assert_eq!(
            parse_date("2024-02-29"),
            Ok(NaiveDate::from_ymd_opt(2024, 2, 29).unwrap())
        );
        for text in [
            "",
            "2026-1-22",
            "22.11.2026",
            "2026/11/22",
            " 2026-11-22",
            "2026-11-22T00:00:00Z",
            "٢٠٢٦-11-2",
        ] {
            assert_eq!(parse_date(text), Err(DateError::NotADate), "{text}");
        }
        for text in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "0026-11-22",
            "1899-12-31",
        ] {
            assert_eq!(parse_date(text), Err(DateError::NoSuchDay), "{text}");
        }
    }

    #[test]
    fn instants_print_with_milliseconds_in_utc() {
        assert_eq!(rfc3339_ms(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339_ms(1_795_341_600_001), "2026-11-22T10:00:00.001Z");
        assert_eq!(rfc3339_ms(-1), "1969-12-31T23:59:59.999Z");
        assert_eq!(rfc3339_ms(i64::MAX), "9999-12-31T23:59:59.999Z");
        assert_eq!(rfc3339_ms(i64::MIN), "0000-01-01T00:00:00.000Z");
    }

    #[test]
    fn instant_without_zone_is_refused() {
        assert_eq!(parse_instant("2026-11-22T10:00:00Z"), Ok(1_795_341_600_000));
        assert_eq!(
            parse_instant("2026-11-22t10:00:00.5z"),
            Ok(1_795_341_600_500)
        );
        assert_eq!(
            parse_instant("2026-11-22T12:00:00+02:00"),
            Ok(1_795_341_600_000)
        );
        assert_eq!(
            parse_instant("2026-11-22T10:00:00"),
            Err(DateError::MissingZone)
        );
        assert_eq!(
            parse_instant("2026-11-22T10:00:00.123"),
            Err(DateError::MissingZone)
        );
        assert_eq!(
            parse_instant("2026-11-22T12:00:00 02:00"),
            Err(DateError::PlusArrivedAsSpace)
        );
        for text in [
            "",
            "2026-11-22",
            "2026-11-22 10:00:00Z",
            "yesterday",
            "1795341600",
            "2026-11-22T25:00:00Z",
            "é",
        ] {
            assert_eq!(parse_instant(text), Err(DateError::NotAnInstant), "{text}");
        }
    }

    #[test]
    fn submillisecond_fractions_round_down() {
        assert_eq!(
            parse_instant("2026-11-22T10:00:00.0009999Z"),
            Ok(1_795_341_600_000)
        );
        assert_eq!(parse_instant("1969-12-31T23:59:59.9991Z"), Ok(-1));
        assert_eq!(parse_instant("1969-12-31T23:59:59.9989Z"), Ok(-2));
    }

    proptest! {
        #[test]
        fn instant_round_trips(ms in FIRST_MS..=LAST_MS) {
            prop_assert_eq!(parse_instant(&rfc3339_ms(ms)), Ok(ms));
        }

        #[test]
        fn parsers_never_panic(text in ".*") {
            let _ = (parse_instant(&text), parse_date(&text));
        }
    }
}
