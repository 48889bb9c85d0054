//! Disables or pauses an endpoint on behalf of delivery, with a reason that its owner can read.
//!
//! Never enables an endpoint; only its owner does that.

use entities::ids::{CreditorId, EndpointId};
use entities::queries::delivery::{self, Completions};
use entities::webhook_endpoint::EndpointState;
use serde_json::json;

use super::completed_lease::{CompletedLease, DisableReason};
use super::handle::Delivery;
use crate::cluster::ChangeKind;
use crate::contract::ApiError;
use crate::creditor::CreditorTransaction;
use crate::outbox::EventType;

/// Writes an outcome and pauses or disables its endpoint in one transaction, so that no later delivery is claimed in
/// between. If the lease has been rescued in the meantime, nothing is written.
pub(super) async fn complete_and_disable(
    delivery: &Delivery,
    ended: &CompletedLease,
) -> Result<(), ApiError> {
    let Some(stop) = ended.stop else {
        return Ok(());
    };
    let completions = Completions::of(&delivery.env.db, std::slice::from_ref(&ended.completion));
    let begun = CreditorTransaction::begin_if_known(&delivery.creditors, ended.creditor).await?;
    let Some(mut transaction) = begun else {
        return Ok(());
    };
    let done = completions.write(&transaction.db).await?;
    match done.is_empty() {
        true => tracing::info!(
            outcomes = 1,
            "outcomes were not written, because their leases were no longer valid"
        ),
        false => disable_in(&mut transaction, ended.endpoint(), stop).await?,
    }
    transaction.commit().await?;
    Ok(())
}

/// Pauses or disables the endpoint in its own transaction. The operation is idempotent.
pub(super) async fn disable(
    delivery: &Delivery,
    creditor: CreditorId,
    endpoint: EndpointId,
    stop: DisableReason,
) -> Result<(), ApiError> {
    let begun = CreditorTransaction::begin_if_known(&delivery.creditors, creditor).await?;
    let Some(mut transaction) = begun else {
        return Ok(());
    };
    disable_in(&mut transaction, endpoint, stop).await?;
    transaction.commit().await?;
    Ok(())
}

/// Pauses or disables the endpoint in an open transaction of its creditor. The commit notifies the other nodes. If
/// the endpoint is disabled, its owner's other endpoints get an event.
async fn disable_in(
    transaction: &mut CreditorTransaction<'_>,
    endpoint: EndpointId,
    stop: DisableReason,
) -> Result<(), ApiError> {
    let creditor = transaction.creditor.id;
    let now_ms = transaction.outbox.updated_ms(creditor);
    let (state, reason) = (stop.state(), stop.reason());
    let stopped =
        delivery::disable_endpoint(&transaction.db, creditor, endpoint, state, reason, now_ms);
    if !stopped.await? {
        return Ok(());
    }
    let data = json!({"endpoint_id": endpoint, "reason": reason});
    transaction.audit(stop.action(), "system:delivery", data.clone());
    if state == EndpointState::Disabled {
        transaction.outbox.forget_endpoint(endpoint);
        transaction.event(EventType::WebhookEndpointDisabled, data);
    }
    transaction.mark_changed(ChangeKind::DisabledEndpoint);
    tracing::warn!(endpoint_id = %endpoint, creditor_id = %creditor, reason, "a webhook endpoint was paused or disabled");
    Ok(())
}
