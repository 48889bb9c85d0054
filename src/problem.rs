//! The body of every error: RFC 9457 `application/problem+json`.
//!
//! Owns the shape. Never chooses a code (see [`crate::error`]). A handler's error travels as a [`Problem`] in the response's
//! extensions; [`crate::layers::problem_body`] writes the bytes, because only there the request id is known, and because
//! errors made by libraries pass there too.

use actors::FieldError;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::error::Code;

/// The media type of every error.
pub(crate) const CONTENT_TYPE: &str = "application/problem+json";

/// An error on its way to the wire.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    pub(crate) detail: String,
    pub(crate) errors: Vec<FieldError>,
    /// Members that only this code has, e.g. `pending_gates`.
    pub(crate) extra: Map<String, Value>,
}

impl Problem {
    /// A problem without further members.
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            extra: Map::new(),
        }
    }

    /// The document for one request.
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

/// What every error looks like (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemDocument {
    /// Where the code is explained, relative to the server.
    #[serde(rename = "type")]
    #[schema(example = "/docs#error-validation_failed")]
    kind: String,
    /// The code in words; never changes.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// One readable line that says what to do.
    detail: String,
    /// The machine-readable code.
    error: ProblemCode,
    /// Same as the `X-Request-Id` header; quote it to support.
    request_id: String,
    /// On 422 only: every field that was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<ProblemField>>,
    /// Members that single codes add: `gates_pending` has `pending_gates`.
    #[serde(flatten)]
    #[schema(ignore)]
    extra: Map<String, Value>,
}

/// The machine-readable code of a problem.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemCode {
    /// One of the catalogue at the end of `/docs`.
    #[schema(example = "validation_failed")]
    code: &'static str,
}

/// One refused field.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemField {
    /// Where: `body`, `query` or `header`, then the path.
    #[schema(example = json!(["body", "debtor", "company_name"]))]
    loc: Vec<String>,
    /// What to do about it.
    #[schema(example = "is required")]
    msg: String,
}

/// The published client prints `detail` through a terminal renderer that takes `[…]` for markup and can crash on it.
fn without_brackets(text: &str) -> String {
    text.replace('[', "(").replace(']', ")")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_what_the_published_client_reads() {
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
    fn detail_never_has_square_brackets_and_errors_are_absent_elsewhere() {
        let json = serde_json::to_value(
            Problem::new(Code::InvalidJson, "expected `,` or `]`").document("r"),
        )
        .unwrap();
        assert_eq!(json["detail"], "expected `,` or `)`");
        assert!(json.get("errors").is_none());
    }
}
