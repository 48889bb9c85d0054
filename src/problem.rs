//! The body of every error: RFC 9457 `application/problem+json`.
//!
//! Owns the shape. Never chooses a code (see [`crate::error`]). A handler puts its error into the extensions of the
//! response as a [`Problem`]. [`crate::layers::problem_body`] writes the body, because it knows the request id and also
//! sees errors that libraries return.

use actors::FieldError;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::error::Code;

/// The media type of every error.
pub(crate) const CONTENT_TYPE: &str = "application/problem+json";

/// An error before it is rendered.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    pub(crate) detail: String,
    pub(crate) errors: Vec<FieldError>,
    /// Additional members of this code, e.g. `pending_gates`.
    pub(crate) extra: Map<String, Value>,
}

impl Problem {
    /// Creates a problem without field errors and without additional members.
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            extra: Map::new(),
        }
    }

    /// Renders the document for one request.
    pub(crate) fn document(&self, request_id: &str) -> ProblemDocument {
        let errors = self.errors.iter().map(|error| ProblemField {
            loc: error.loc.clone(),
            msg: without_brackets(&error.msg),
        });
        ProblemDocument {
            kind: format!("/docs#error-{}", self.code.as_str()),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            detail: without_brackets(&self.detail),
            error: ProblemCode {
                code: self.code.as_str(),
            },
            request_id: request_id.to_owned(),
            errors: (!self.errors.is_empty()).then(|| errors.collect()),
            extra: self.extra.clone(),
        }
    }
}

/// The body of every error (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemDocument {
    /// A link to the explanation of the code, relative to the server.
    #[serde(rename = "type")]
    #[schema(example = "/docs#error-validation_failed")]
    kind: String,
    /// A short text for the code. It is the same for every error with this code.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// One readable line that says what went wrong and what to do.
    detail: String,
    /// The machine-readable code.
    error: ProblemCode,
    /// The same id as in the `X-Request-Id` header. Quote it when you contact support.
    request_id: String,
    /// The rejected fields. Present on 422 only.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<ProblemField>>,
    /// Additional members of single codes: `gates_pending` has `pending_gates`.
    #[serde(flatten)]
    #[schema(ignore)]
    extra: Map<String, Value>,
}

/// The machine-readable code of a problem.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemCode {
    /// One of the codes that are listed at the end of `/docs`.
    #[schema(example = "validation_failed")]
    code: &'static str,
}

/// One rejected field.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemField {
    /// Where the field is: `body`, `query` or `header`, followed by the path to the field.
    #[schema(example = json!(["body", "debtor", "company_name"]))]
    loc: Vec<String>,
    /// What is wrong with the field.
    #[schema(example = "is required")]
    msg: String,
}

/// Replaces square brackets by parentheses.
///
/// The published client prints `detail` with a terminal renderer that takes `[…]` for markup and can crash on it.
fn without_brackets(text: &str) -> String {
    text.replace('[', "(").replace(']', ")")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problem_has_every_member_the_published_client_reads() {
        let mut problem = Problem::new(Code::ValidationFailed, "debtor.company_name: is required");
        problem.errors.push(FieldError {
            loc: vec!["body".into(), "debtor".into()],
            msg: "one of [a]".into(),
        });
        let json = serde_json::to_value(problem.document("req-1")).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "type": "/docs#error-validation_failed",
                "title": "One or more fields are wrong",
                "status": 422,
                "detail": "debtor.company_name: is required",
                "error": {"code": "validation_failed"},
                "request_id": "req-1",
                "errors": [{"loc": ["body", "debtor"], "msg": "one of (a)"}],
            })
        );
    }

    #[test]
    fn detail_has_no_square_brackets_and_no_empty_errors() {
        let json = serde_json::to_value(
            Problem::new(Code::InvalidJson, "expected `,` or `]`").document("r"),
        )
        .unwrap();
        assert_eq!(json["detail"], "expected `,` or `)`");
        assert!(json.get("errors").is_none());
    }
}
