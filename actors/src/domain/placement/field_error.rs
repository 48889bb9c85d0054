//! Field errors: where one is, what to do about it, and the list in which a draft collects them.
//!
//! Owns paths and the one-line form of the contract's `detail`. Which rule was broken is `field`'s.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::field::FieldProblem;

/// One field's error: where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The path, from `body` on.
    pub loc: Vec<String>,
    /// What to do about it.
    pub msg: String,
}

impl FieldError {
    /// An error at a path below `body`, such as `debtor.company_name`.
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
}

impl fmt::Display for FieldError {
    /// `debtor.company_name: is required`
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.loc.first().is_some_and(|first| first == "body") {
            &self.loc[1..]
        } else {
            &self.loc[..]
        };
        write!(formatter, "{}: {}", path.join("."), self.msg)
    }
}

/// Every error so far.
#[derive(Default)]
pub(super) struct Errors(pub(super) Vec<FieldError>);

impl Errors {
    pub(super) fn push(&mut self, path: &str, problem: FieldProblem) {
        self.0.push(FieldError::at(path, problem));
    }

    fn keep<T>(&mut self, path: &str, result: Result<T, FieldProblem>) -> Option<T> {
        result.map_err(|problem| self.push(path, problem)).ok()
    }

    pub(super) fn required<T>(
        &mut self,
        path: &str,
        value: &Option<String>,
        check: impl FnOnce(&str) -> Result<T, FieldProblem>,
    ) -> Option<T> {
        let result = value
            .as_deref()
            .ok_or(FieldProblem::Required)
            .and_then(check);
        self.keep(path, result)
    }

    /// Blank is absent.
    pub(super) fn optional<T>(
        &mut self,
        path: &str,
        value: &Option<String>,
        check: impl FnOnce(&str) -> Result<T, FieldProblem>,
    ) -> Option<T> {
        let text = value.as_deref().filter(|text| !text.trim().is_empty())?;
        self.keep(path, check(text))
    }

    pub(super) fn choice<T>(
        &mut self,
        path: &str,
        value: &Option<String>,
        parse: impl FnOnce(&str) -> Option<T>,
        problem: FieldProblem,
    ) -> Option<T> {
        self.keep(path, parse(value.as_deref()?).ok_or(problem))
    }
}
