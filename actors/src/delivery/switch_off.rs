//! Switching an endpoint off whose receiver answered 410: the one change that delivery makes to
//! an endpoint.

use entities::ids::{CreditorId, EndpointId};
use entities::queries::delivery;
use serde_json::json;

use super::EventType;
use crate::account::{AccountFile, Subject};
use crate::api::error::ApiError;
use crate::api::fault::DbResultExt as _;
use crate::house::House;

/// Shown to the endpoint's owner.
const REASON: &str = "its server answered 410 Gone";

/// Disables the endpoint, tells its owner's other endpoints and the other nodes, in one
/// transaction. Doing it twice is harmless.
pub(super) async fn switch_off(
    house: &House,
    creditor: CreditorId,
    endpoint: EndpointId,
) -> Result<(), ApiError> {
    let Some(mut file) = AccountFile::open(house, creditor).await? else {
        return Ok(());
    };
    let now_ms = file.journal.updated_ms(creditor);
    if !delivery::disable(&file.transaction, creditor, endpoint, REASON, now_ms)
        .await
        .or_fault()?
    {
        return Ok(());
    }
    file.journal.forget_endpoint(endpoint);
    let data = json!({"endpoint_id": endpoint, "reason": REASON});
    file.audit("webhook.endpoint_disabled", "system:delivery", data.clone());
    file.event(EventType::WebhookEndpointDisabled, data);
    file.touch(Subject::Endpoints);
    tracing::warn!(%endpoint, %creditor, "an endpoint was switched off: {REASON}");
    file.close().await.or_fault()?;
    Ok(())
}
