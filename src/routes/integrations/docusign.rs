//! `POST /integrations/docusign/webhook`: receives events about the signed agreement.

use actors::{PartnerApi, Provider};
use axum::extract::{Request, State};
use axum::response::Response;

use super::Outcome;
use crate::error::PartnerError;
use crate::extract::json;

/// DocuSign Connect event
///
/// Processes `envelope-completed`. The request may have several signature headers, numbered from 1; one of them must
/// match.
#[utoipa::path(
    post, path = "/integrations/docusign/webhook", tag = "Provider events",
    params(("X-DocuSign-Signature-1" = String, Header, description = "Signature of the raw body, computed by the provider")),
    request_body(content = Object, description = "The event as the provider sends it", content_type = "application/json"),
    responses(
        (status = 200, description = "The event was applied or had no effect", body = Outcome),
        (status = 202, description = "The event was stored until its account is known", body = Outcome),
        (status = 403, description = "`invalid_signature`; nothing was stored"),
        (status = 503, description = "`provider_not_configured`: this server has no signing secret for the provider"),
    )
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    request: Request,
) -> Result<Response, PartnerError> {
    let headers = request.headers().clone();
    let body = json::read(request, &()).await?;
    super::receive(&api, Provider::Docusign, &headers, is_signature, &body).await
}

/// Whether this is a signature header: `X-DocuSign-Signature-1`, `-2`, …, one per configured HMAC key.
fn is_signature(name: &axum::http::HeaderName) -> bool {
    let number = name.as_str().strip_prefix("x-docusign-signature-");
    number.is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    #[test]
    fn only_numbered_signature_headers_match() {
        for (name, expected) in [
            ("x-docusign-signature-1", true),
            ("x-docusign-signature-12", true),
            ("x-docusign-signature-", false),
            ("x-docusign-signature-x", false),
        ] {
            assert_eq!(
                is_signature(&HeaderName::from_static(name)),
                expected,
                "{name}"
            );
        }
    }
}
