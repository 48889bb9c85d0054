//! `PUT /v1/settings/api-key/allowed-networks`: replaces the IP allowlist of the API key.

use actors::domain::allowed_networks::AllowedNetworks;
use actors::{ApiError, KeyKind, KeysView, PartnerApi};
use axum::Json;
use axum::extract::State;

use crate::error::PartnerError;
use crate::extract::{Body, Caller, Field, FieldErrors, request_body};

request_body! {
    /// The complete IP allowlist of a key.
    #[schema(as = AllowedNetworks)]
    pub(crate) struct Request => Values {
        /// Up to 100 IP networks or addresses. An empty list removes the restriction.
        #[schema(example = json!(["203.0.113.0/24", "2001:db8::/32"]))]
        required cidrs: Vec<Field<String>> => Vec<String>,
    }
}

impl Request {
    /// Parses the networks. Reports every invalid entry.
    pub(crate) fn networks(self) -> Result<AllowedNetworks, ApiError> {
        let mut errors = FieldErrors::of_body();
        let body = self.read(&mut errors);
        let networks = body.cidrs.and_then(|entries| {
            errors.within("cidrs", |errors| {
                let texts: Option<Vec<String>> = (0..)
                    .zip(entries)
                    .map(|(index, entry): (usize, _)| errors.required(&index.to_string(), entry))
                    // Collects first, so that every missing entry is reported, not only the first one.
                    .collect::<Vec<_>>()
                    .into_iter()
                    .collect();
                let parsed = AllowedNetworks::parse(&texts?);
                let refused = parsed.as_ref().err().into_iter().flatten();
                for (index, reason) in refused {
                    errors.add(&index.to_string(), reason);
                }
                parsed.ok()
            })
        });
        errors.finish(|| networks)
    }
}

/// Restrict the API key to IP networks
///
/// Replaces the IP allowlist. Only clients in these networks may use the key, or a retiring key. Others get 403
/// `address_not_allowed`. A rotation keeps the allowlist. Behind a proxy, the server must be configured to trust the
/// proxy (`PARTNER_API_TRUSTED_PROXIES`).
#[utoipa::path(
    put, path = "/v1/settings/api-key/allowed-networks", tag = "API keys", request_body = Request,
    responses(
        (status = 200, description = "The keys after the change", body = KeysView),
        (status = 404, description = "`not_found`: there is no active key"),
    )
)]
pub(crate) async fn handle(
    State(api): State<PartnerApi>,
    caller: Caller,
    Body(body): Body<Request>,
) -> Result<Json<KeysView>, PartnerError> {
    let networks = body.networks()?;
    let keys = api.set_allowed_networks(&caller.0, KeyKind::FullAccess, networks);
    Ok(Json(keys.await?))
}
