//! Routes with which a creditor manages its full-access API key.

use actors::domain::allowed_networks::AllowedNetworks;
use actors::domain::key_rotation::{OVERLAP_DEFAULT_HOURS, OVERLAP_MAX_HOURS};
use actors::{ApiError, KeyKind, KeysView};
use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;

use crate::error::Result;
use crate::extract::{Body, Caller, Field, FieldErrors, NoBody, request_body};
use crate::routes::creditors::api_key::Answer;
use crate::routes::respond;

/// Show the API keys
///
/// Returns the full-access key, the key that it replaced while that key still works, and the read-only key. Keys are
/// masked. Each key has its IP allowlist, and the time and the client address of its last use. Needs a signed-in
/// session.
#[utoipa::path(
    get, path = "/v1/settings/api-key", tag = "API keys",
    responses((status = 200, description = "The keys", body = KeysView))
)]
pub(crate) async fn show(caller: Caller) -> Result<Json<KeysView>> {
    Ok(Json(caller.keys().await?))
}

request_body! {
    /// Options of a key rotation.
    pub(crate) struct Rotation {
        /// Hours for which the old key keeps working. With 0 every older key stops at once, retiring keys included.
        #[schema(minimum = 0, maximum = 168, default = 24)]
        optional overlap_hours: u32,
    }
}

/// Validates the overlap of a rotation, in hours.
pub(crate) fn overlap(errors: &mut FieldErrors, hours: Option<u32>, default: u32) -> Option<u32> {
    let hours = hours.unwrap_or(default);
    errors.check("overlap_hours", Some(hours), |hours| {
        let fits = hours <= OVERLAP_MAX_HOURS;
        fits.then_some(hours)
            .ok_or_else(|| format!("must be a whole number from 0 to {OVERLAP_MAX_HOURS}"))
    })
}

/// Rotate the API key
///
/// Issues a new key and shows it once. The old key keeps working for `overlap_hours`; during this time each response to
/// it has the header `Api-Key-Expires-At`. The new key keeps the IP allowlist. At most one key can be retiring at a
/// time. A key that was never used is replaced at once, and a retiring key keeps its deadline. Otherwise wait until the
/// retiring key expires, or rotate with an overlap of 0. `Idempotency-Key` is ignored: if the response is lost, the key
/// is lost and must be rotated again.
#[utoipa::path(
    post, path = "/v1/settings/api-key/rotate", tag = "API keys", request_body = Rotation,
    responses(
        (status = 201, description = "The new key; it cannot be shown again", body = Answer),
        (status = 403, description = "`dashboard_session_required`, or `support_required` if support has revoked the keys"),
        (status = 409, description = "`gates_pending` if no key has been issued yet, or `rotation_in_progress`"),
    )
)]
pub(crate) async fn rotate(caller: Caller, body: Body<Rotation>) -> Result<Response> {
    let (body, mut errors) = body.read();
    let hours = overlap(&mut errors, body.overlap_hours, OVERLAP_DEFAULT_HOURS);
    let hours = errors.finish(|| hours)?;
    let key = caller.rotate_key(hours).await?;
    Ok(respond::secret(StatusCode::CREATED, Answer::from(key)))
}

/// Revoke the API key
///
/// The next request with this key or with a retiring key gets 401. The read-only key keeps working. To get a new key,
/// call `POST /v1/settings/api-key/rotate`.
#[utoipa::path(
    post, path = "/v1/settings/api-key/revoke", tag = "API keys",
    responses(
        (status = 204, description = "Revoked"),
        (status = 404, description = "`not_found`: there is no active key"),
    )
)]
pub(crate) async fn revoke(caller: Caller, _body: NoBody) -> Result<StatusCode> {
    caller.revoke_key().await?;
    Ok(StatusCode::NO_CONTENT)
}

request_body! {
    /// The complete IP allowlist of a key.
    #[schema(as = AllowedNetworks)]
    pub(crate) struct Networks {
        /// Up to 100 IP networks or addresses. An empty list removes the restriction.
        #[schema(example = json!(["203.0.113.0/24", "2001:db8::/32"]))]
        required cidrs: Vec<Field<String>> => Vec<String>,
    }
}

impl Body<Networks> {
    /// Parses the networks. Reports every invalid entry.
    pub(crate) fn networks(self) -> Result<AllowedNetworks, ApiError> {
        let (body, mut errors) = self.read();
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
    put, path = "/v1/settings/api-key/allowed-networks", tag = "API keys", request_body = Networks,
    responses(
        (status = 200, description = "The keys after the change", body = KeysView),
        (status = 404, description = "`not_found`: there is no active key"),
    )
)]
pub(crate) async fn allowed_networks(
    caller: Caller,
    body: Body<Networks>,
) -> Result<Json<KeysView>> {
    let networks = body.networks()?;
    let keys = caller.set_allowed_networks(KeyKind::FullAccess, networks);
    Ok(Json(keys.await?))
}
