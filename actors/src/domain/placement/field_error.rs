//! The list that collects the field errors of a draft.
//!
//! Owns the path at which each error is reported. Never validates a value: `field` does.

use super::field::FieldProblem;
use crate::domain::field_error::{FieldError, FieldErrorList};

/// All errors so far.
#[derive(Default)]
pub(super) struct Errors(pub(super) FieldErrorList);

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

    /// Treats a blank value as absent.
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
