//! Collects everything that is wrong with a request, so that its author can mend it in one go.
//!
//! Owns the words for what is missing, unknown or of the wrong type. Never knows a rule of the business: those come in as
//! closures, with their own words.

use std::fmt::Display;

use actors::{ApiError, FieldError, FieldErrorList, OffsetPage};

use super::body_field::{Field, Unknown};

/// The largest page.
const MAX_LIMIT: u64 = 100;

/// The errors of one part of a request.
pub(crate) struct FieldErrors {
    /// Where we are: the part of the request, then the path inside it.
    path: Vec<String>,
    errors: FieldErrorList,
}

impl FieldErrors {
    /// For a JSON body.
    pub(crate) fn of_body() -> Self {
        Self {
            path: vec!["body".into()],
            errors: FieldErrorList::default(),
        }
    }

    /// For a query string.
    pub(crate) fn of_query() -> Self {
        Self {
            path: vec!["query".into()],
            errors: FieldErrorList::default(),
        }
    }

    /// One refused field at the present place; an empty name is the place itself.
    pub(crate) fn add(&mut self, name: &str, msg: impl Display) {
        let mut loc = self.path.clone();
        loc.extend((!name.is_empty()).then(|| name.to_owned()));
        self.errors.push(FieldError {
            loc,
            msg: msg.to_string(),
        });
    }

    /// Takes over what the rules of the business found. To them a field of the wrong type is absent, so what stands at or below
    /// a place with an error already is left out.
    pub(crate) fn add_all(&mut self, errors: impl IntoIterator<Item = FieldError>) {
        let known = self.errors.len();
        for error in errors {
            let reported = &self.errors[..known];
            if !reported
                .iter()
                .any(|reported| error.loc.starts_with(&reported.loc))
            {
                self.errors.push(error);
            }
        }
    }

    /// Everything inside the closure stands below `name`.
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

    /// A field that must be there.
    pub(crate) fn required<T>(&mut self, name: &str, field: Field<T>) -> Option<T> {
        match field {
            Field::Value(value) => return Some(value),
            Field::Absent => self.add(name, "is required"),
            Field::Null => self.add(name, "is required and must not be null"),
            Field::Wrong(expected) => self.add(name, expected),
        }
        None
    }

    /// A field that may be left out; `null` is the same as leaving it out.
    pub(crate) fn optional<T>(&mut self, name: &str, field: Field<T>) -> Option<T> {
        match field {
            Field::Value(value) => return Some(value),
            Field::Absent | Field::Null => {}
            Field::Wrong(expected) => self.add(name, expected),
        }
        None
    }

    /// A field of a PATCH: absent is unchanged, `null` removes.
    pub(crate) fn nullable<T>(&mut self, name: &str, field: Field<T>) -> Option<Option<T>> {
        match field {
            Field::Value(value) => return Some(Some(value)),
            Field::Null => return Some(None),
            Field::Absent => {}
            Field::Wrong(expected) => self.add(name, expected),
        }
        None
    }

    /// Passes a value through a rule that words its own refusal.
    pub(crate) fn check<T, U, E: Display>(
        &mut self,
        name: &str,
        value: Option<T>,
        rule: impl FnOnce(T) -> Result<U, E>,
    ) -> Option<U> {
        rule(value?).map_err(|refusal| self.add(name, refusal)).ok()
    }

    /// A text of 1 to `max` characters that is not only white space, trimmed.
    pub(crate) fn text(&mut self, name: &str, value: Option<String>, max: usize) -> Option<String> {
        self.check(name, value, |text| {
            let trimmed = text.trim();
            let fits = !trimmed.is_empty() && trimmed.chars().count() <= max;
            if fits {
                Ok(trimmed.to_owned())
            } else {
                Err(format!("must be 1 to {max} characters"))
            }
        })
    }

    /// One of a closed list of names.
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

    /// `limit` and `offset` of a list; outside the range is an error, never clamped.
    pub(crate) fn slice(
        &mut self,
        limit: Option<String>,
        offset: Option<String>,
        default_limit: u64,
    ) -> OffsetPage {
        let limit = self.limit(limit, default_limit);
        let offset = self.check("offset", offset, |text| {
            let number = text
                .parse::<u64>()
                .ok()
                .filter(|number| i64::try_from(*number).is_ok());
            number.ok_or("must be a whole number, 0 or greater")
        });
        OffsetPage {
            limit,
            offset: offset.unwrap_or(0),
        }
    }

    /// `limit` alone, for lists with a cursor.
    pub(crate) fn limit(&mut self, limit: Option<String>, default_limit: u64) -> u64 {
        let limit = self.check("limit", limit, |text| {
            let number = text
                .parse::<u64>()
                .ok()
                .filter(|number| (1..=MAX_LIMIT).contains(number));
            number.ok_or("must be a whole number from 1 to 100")
        });
        limit.unwrap_or(default_limit)
    }

    /// Reports every field that nobody asked for: so that nothing sensitive slips in unread.
    pub(crate) fn unknown(&mut self, unknown: &Unknown) {
        for name in unknown.keys() {
            self.add(name, "unknown field");
        }
    }

    /// The finished value, or everything that was wrong.
    pub(crate) fn finish<T>(self, build: impl FnOnce() -> Option<T>) -> Result<T, ApiError> {
        if !self.errors.is_empty() {
            return Err(ApiError::Validation(self.errors));
        }
        build().ok_or_else(|| {
            tracing::error!("a field is missing although nobody reported it");
            ApiError::Internal
        })
    }
}

#[cfg(test)]
#[path = "field_errors_tests.rs"]
mod tests;
