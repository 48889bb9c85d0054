//! Collects all errors of a request, so that the client can correct them at once.
//!
//! Owns the messages for missing and unknown fields. Never contains a business rule: callers pass rules as closures
//! that return their own messages.

use std::fmt::Display;
use std::str::FromStr;

use actors::domain::{date, text};
use actors::{ApiError, FieldError, FieldErrorList, OffsetPage};
use strum::VariantArray;
use uuid::Uuid;

use super::body_field::{Field, Unknown};
use super::path_id::Id;

/// The largest page size.
const MAX_LIMIT: u64 = 100;
/// The largest offset. The database skips the rows before it one by one.
const MAX_OFFSET: u64 = 1_000_000;

/// The errors of one part of a request.
pub(crate) struct FieldErrors {
    /// The current location: the part of the request, then the path inside it.
    path: Vec<String>,
    errors: FieldErrorList,
    /// The unknown parameters of a query. They are reported last.
    unknown: Unknown,
}

impl FieldErrors {
    /// Collects the errors of a JSON body.
    pub(crate) fn of_body() -> Self {
        Self::of("body", Unknown::new())
    }

    /// Collects the errors of a query string with these unknown parameters.
    pub(crate) fn of_query(unknown: Unknown) -> Self {
        Self::of("query", unknown)
    }

    fn of(part: &str, unknown: Unknown) -> Self {
        Self {
            path: vec![part.to_owned()],
            errors: FieldErrorList::default(),
            unknown,
        }
    }

    /// Adds an error for the field `name` at the current location. An empty name is the location itself.
    pub(crate) fn add(&mut self, name: &str, msg: impl Display) {
        let mut loc = self.path.clone();
        loc.extend((!name.is_empty()).then(|| name.to_owned()));
        self.errors.push(FieldError {
            loc,
            msg: msg.to_string(),
        });
    }

    /// Adds the errors of business rules. A rule sees a field of the wrong type as absent, so an error at or below a
    /// location that already has an error is skipped.
    pub(crate) fn add_all(&mut self, errors: impl IntoIterator<Item = FieldError>) {
        let known = self.errors.len();
        for error in errors {
            let earlier = &self.errors[..known];
            if !earlier
                .iter()
                .any(|reported| error.loc.starts_with(&reported.loc))
            {
                self.errors.push(error);
            }
        }
    }

    /// Runs `read` with `name` appended to the current location.
    pub(crate) fn within<R>(
        &mut self,
        name: impl Into<String>,
        read: impl FnOnce(&mut Self) -> R,
    ) -> R {
        self.path.push(name.into());
        let result = read(self);
        self.path.pop();
        result
    }

    /// Returns the value of a required field.
    pub(crate) fn required<T>(&mut self, name: &str, field: Field<T>) -> Option<T> {
        match field {
            Field::Value(value) => return Some(value),
            Field::Absent => self.add(name, "is required"),
            Field::Null => self.add(name, "is required and must not be null"),
            Field::Wrong(expected) => self.add(name, expected),
        }
        None
    }

    /// Returns the value of an optional field. `null` counts as absent.
    pub(crate) fn optional<T>(&mut self, name: &str, field: Field<T>) -> Option<T> {
        self.nullable(name, field).flatten()
    }

    /// Returns the value of a PATCH field: `None` leaves the stored value unchanged, `Some(None)` removes it.
    pub(crate) fn nullable<T>(&mut self, name: &str, field: Field<T>) -> Option<Option<T>> {
        match field {
            Field::Value(value) => return Some(Some(value)),
            Field::Null => return Some(None),
            Field::Absent => {}
            Field::Wrong(expected) => self.add(name, expected),
        }
        None
    }

    /// Applies a rule to a value. The error of the rule becomes the message.
    pub(crate) fn check<T, U, E: Display>(
        &mut self,
        name: &str,
        value: Option<T>,
        rule: impl FnOnce(T) -> Result<U, E>,
    ) -> Option<U> {
        rule(value?).map_err(|refusal| self.add(name, refusal)).ok()
    }

    /// Requires an id.
    pub(crate) fn id<I: Id>(&mut self, name: &str, value: Option<String>) -> Option<I> {
        self.check(name, value, |text| match Uuid::try_parse(&text) {
            Ok(id) => Ok(I::from(id)),
            Err(_) => Err(format!("must be the id of a {}", I::NOUN)),
        })
    }

    /// Requires a time as RFC 3339 with a time zone, and returns it in milliseconds since the Unix epoch.
    pub(crate) fn instant(&mut self, name: &str, value: Option<String>) -> Option<i64> {
        self.check(name, value, |text| date::parse_instant(&text))
    }

    /// Requires a line of at most `max` characters with a visible one, and normalizes it.
    pub(crate) fn line(&mut self, name: &str, value: Option<String>, max: usize) -> Option<String> {
        self.check(name, value, |value| text::line(&value, max))
    }

    /// Requires an identifier of at most `max` characters, and normalizes it.
    pub(crate) fn identifier(
        &mut self,
        name: &str,
        value: Option<String>,
        max: usize,
    ) -> Option<String> {
        self.check(name, value, |value| text::identifier(&value, max))
    }

    /// Normalizes the text of a search, at most `max` characters. A text without a visible character counts as absent.
    pub(crate) fn search(
        &mut self,
        name: &str,
        value: Option<String>,
        max: usize,
    ) -> Option<String> {
        let value = value.filter(|value| !text::comparable(value).is_empty());
        self.identifier(name, value, max)
    }

    /// Requires prose of at most `max` characters with a visible one, and normalizes it.
    pub(crate) fn prose(
        &mut self,
        name: &str,
        value: Option<String>,
        max: usize,
    ) -> Option<String> {
        self.check(name, value, |value| text::prose(&value, max))
    }

    /// Requires one of the `allowed` names.
    pub(crate) fn one_of<T>(
        &mut self,
        name: &str,
        value: Option<String>,
        allowed: &[&str],
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        self.check(name, value, |text| {
            parse(&text).ok_or_else(|| format!("must be one of: {}", allowed.join(", ")))
        })
    }

    /// Requires the name of a variant.
    pub(crate) fn variant<T>(&mut self, name: &str, value: Option<String>) -> Option<T>
    where
        T: VariantArray + Copy + Into<&'static str> + FromStr,
    {
        let names: Vec<&str> = T::VARIANTS.iter().map(|value| (*value).into()).collect();
        self.one_of(name, value, &names, |text| text.parse().ok())
    }

    /// Parses `limit` and `offset` of a list. A value outside the range is an error and is not clamped.
    pub(crate) fn slice(
        &mut self,
        limit: Option<String>,
        offset: Option<String>,
        default_limit: u64,
    ) -> OffsetPage {
        let limit = self.limit(limit, default_limit);
        let offset = self.check("offset", offset, |text| {
            let number = text.parse().ok();
            let number = number.filter(|number| (0..=MAX_OFFSET).contains(number));
            number.ok_or("must be a whole number from 0 to 1000000")
        });
        OffsetPage {
            limit,
            offset: offset.unwrap_or(0),
        }
    }

    /// Parses `limit`, for lists with a cursor.
    pub(crate) fn limit(&mut self, limit: Option<String>, default_limit: u64) -> u64 {
        let limit = self.check("limit", limit, |text| {
            let number = text.parse().ok();
            let number = number.filter(|number| (1..=MAX_LIMIT).contains(number));
            number.ok_or("must be a whole number from 1 to 100")
        });
        limit.unwrap_or(default_limit)
    }

    /// Adds an error for every unknown field, so that no data is accepted and silently ignored.
    pub(crate) fn unknown(&mut self, unknown: &Unknown) {
        for name in unknown.keys() {
            self.add(name, "unknown field");
        }
    }

    /// Builds the value if there are no errors.
    ///
    /// # Errors
    /// `ApiError::Validation` with all errors; `ApiError::Internal` if `build` returns `None` without an error.
    pub(crate) fn finish<T>(mut self, build: impl FnOnce() -> Option<T>) -> Result<T, ApiError> {
        let unknown = std::mem::take(&mut self.unknown);
        self.unknown(&unknown);
        if !self.errors.is_empty() {
            return Err(ApiError::Validation(self.errors));
        }
        build().ok_or_else(|| {
            tracing::error!("a required field is missing but no error was recorded");
            ApiError::Internal
        })
    }
}

#[cfg(test)]
#[path = "field_errors_tests.rs"]
mod tests;
