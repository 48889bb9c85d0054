//! Field errors and the bounded list of them that every validation error carries.
//!
//! Owns paths, the one-line form of the contract's `detail`, and the bounds on both. A client chooses
//! the names and the number of wrong fields, so neither may determine the size of a response. Never
//! validates a field.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

/// The maximum number of errors in one list. Further errors are only counted.
const MAX_ERRORS: usize = 50;
/// The maximum length of one name in a path, in bytes. The names of the contract are shorter.
const MAX_NAME_BYTES: usize = 64;
/// The maximum number of names in a path. The paths of the contract have at most five.
const MAX_STEPS: usize = 12;
/// A list accepts errors until its paths and messages reach this size, in bytes.
const MAX_BYTES: usize = 16 * 1024;

/// The error of one field: its path and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The path, starting with the part of the request, such as `body`.
    pub loc: Vec<String>,
    /// What is wrong, or what to send instead.
    pub msg: String,
}

impl FieldError {
    /// Creates an error at a path below `body`, such as `debtor.company_name`.
    #[must_use]
    pub fn at(path: &str, msg: impl fmt::Display) -> Self {
        let loc = std::iter::once("body")
            .chain(path.split('.'))
            .map(str::to_owned)
            .collect();
        Self {
            loc,
            msg: msg.to_string(),
        }
    }

    fn bytes(&self) -> usize {
        self.loc.iter().map(String::len).sum::<usize>() + self.msg.len()
    }

    /// Truncates the path to the bounds above.
    fn shortened(mut self) -> Self {
        if self.loc.len() > MAX_STEPS {
            self.loc.truncate(MAX_STEPS);
            self.loc.push("…".to_owned());
        }
        for name in &mut self.loc {
            if name.len() > MAX_NAME_BYTES {
                name.truncate(name.floor_char_boundary(MAX_NAME_BYTES));
                name.push('…');
            }
            // JSON escapes a control character in six bytes.
            if name.contains(char::is_control) {
                *name = name.replace(char::is_control, "\u{fffd}");
            }
        }
        self
    }
}

impl fmt::Display for FieldError {
    /// `debtor.company_name: is required`
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Omits the part of the request, unless the path has nothing else.
        let skip = usize::from(self.loc.len() > 1);
        write!(formatter, "{}: {}", self.loc[skip..].join("."), self.msg)
    }
}

/// The errors of one request: at most 50, and the number of omitted ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldErrorList {
    errors: Vec<FieldError>,
    bytes: usize,
    omitted: usize,
}

impl FieldErrorList {
    /// Adds an error, or counts it as omitted if the list is full.
    pub fn push(&mut self, error: FieldError) {
        if self.errors.len() < MAX_ERRORS && self.bytes < MAX_BYTES {
            let error = error.shortened();
            self.bytes += error.bytes();
            self.errors.push(error);
        } else {
            self.omitted += 1;
        }
    }

    /// Keeps the first error, and the next ones as long as the list has at most `max_bytes`. The rest is only counted.
    /// Returns the size of the list.
    pub fn limit_bytes(&mut self, max_bytes: usize) -> usize {
        while self.errors.len() > 1 && self.bytes > max_bytes {
            if let Some(dropped) = self.errors.pop() {
                self.bytes -= dropped.bytes();
                self.omitted += 1;
            }
        }
        self.bytes
    }

    /// The errors. If some were omitted, a last entry states how many.
    #[must_use]
    pub fn listed(&self) -> Vec<FieldError> {
        let rest = self.rest().map(|msg| FieldError {
            loc: self.errors[0].loc[..1].to_vec(),
            msg,
        });
        self.errors.iter().cloned().chain(rest).collect()
    }

    fn rest(&self) -> Option<String> {
        (self.omitted > 0).then(|| format!("{} more errors are not listed", self.omitted))
    }
}

impl Deref for FieldErrorList {
    type Target = [FieldError];

    fn deref(&self) -> &[FieldError] {
        &self.errors
    }
}

impl Extend<FieldError> for FieldErrorList {
    fn extend<I: IntoIterator<Item = FieldError>>(&mut self, errors: I) {
        errors.into_iter().for_each(|error| self.push(error));
    }
}

impl FromIterator<FieldError> for FieldErrorList {
    fn from_iter<I: IntoIterator<Item = FieldError>>(errors: I) -> Self {
        let mut list = Self::default();
        list.extend(errors);
        list
    }
}

impl From<FieldError> for FieldErrorList {
    fn from(error: FieldError) -> Self {
        Self::from_iter([error])
    }
}

impl fmt::Display for FieldErrorList {
    /// `debtor.company_name: is required; due_date: …`
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(formatter, "{separator}{error}")?;
        }
        match self.rest() {
            Some(rest) => write!(formatter, "; {rest}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown(name: &str) -> FieldError {
        FieldError {
            loc: vec!["body".to_owned(), name.to_owned()],
            msg: "unknown field".to_owned(),
        }
    }

    #[test]
    fn errors_beyond_the_limit_are_counted() {
        let list: FieldErrorList = (0..10_000).map(|n| unknown(&format!("f{n}"))).collect();
        assert_eq!(list.len(), MAX_ERRORS);
        let listed = list.listed();
        let last = listed.last().unwrap();
        assert_eq!(last.loc, ["body"]);
        assert_eq!(last.msg, "9950 more errors are not listed");
        assert!(
            list.to_string()
                .ends_with("; 9950 more errors are not listed")
        );
    }

    #[test]
    fn list_shrinks_to_its_first_error_and_counts_the_rest() {
        let mut list: FieldErrorList = (0..20).map(|n| unknown(&format!("f{n}"))).collect();
        let all = list.limit_bytes(usize::MAX);
        assert_eq!(list.len(), 20);
        assert!(list.limit_bytes(all / 2) <= all / 2);
        assert!((9..=10).contains(&list.len()));
        list.limit_bytes(0);
        assert_eq!(list.len(), 1);
        assert_eq!(list.listed()[1].msg, "19 more errors are not listed");
    }

    #[test]
    fn long_name_is_truncated_at_a_character() {
        let list = FieldErrorList::from(unknown(&"é".repeat(8_000)));
        assert_eq!(list[0].loc[1], format!("{}…", "é".repeat(32)));
    }

    #[test]
    fn deep_path_is_truncated() {
        let mut error = unknown("a");
        error.loc = vec!["a".to_owned(); 100];
        let list = FieldErrorList::from(error);
        assert_eq!(list[0].loc.len(), MAX_STEPS + 1);
    }

    #[test]
    fn largest_list_stays_below_90_kb() {
        for character in ["\u{1}", "\"", "\\", "a", "é", "\u{10ffff}"] {
            let error = FieldError {
                loc: vec![character.repeat(8_000); 100],
                msg: "must not contain the character U+0000".to_owned(),
            };
            let list: FieldErrorList = (0..100).map(|_| error.clone()).collect();
            let answer = serde_json::json!([list.to_string(), list.listed()]).to_string();
            assert!(answer.len() < 90_000, "{character:?}: {}", answer.len());
        }
    }
}
