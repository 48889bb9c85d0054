//! The custom headers of an endpoint, encrypted at rest.

use std::collections::BTreeMap;

use entities::ids::EndpointId;
use entities::webhook_endpoint;
use secrecy::ExposeSecret as _;

use crate::contract::ApiError;
use crate::creditor::Creditors;
use crate::infra::VaultError;

fn purpose(endpoint: EndpointId) -> String {
    format!("webhook-headers:{endpoint}")
}

pub(super) fn seal(
    creditors: &Creditors,
    endpoint: EndpointId,
    headers: &BTreeMap<String, String>,
) -> Result<Vec<u8>, ApiError> {
    let json = serde_json::to_string(headers).map_err(|_| ApiError::Internal)?;
    let sealed = creditors.env.vault.seal(&purpose(endpoint), &json);
    sealed.map_err(|_| ApiError::Internal)
}

/// The decrypted custom headers of an endpoint.
pub(crate) fn headers_of(
    creditors: &Creditors,
    row: &webhook_endpoint::Model,
) -> Result<BTreeMap<String, String>, VaultError> {
    let Some(sealed) = &row.sealed_headers else {
        return Ok(BTreeMap::new());
    };
    let json = creditors.env.vault.open(&purpose(row.id), sealed)?;
    serde_json::from_str(json.expose_secret()).map_err(|_| VaultError::CannotDecrypt)
}
