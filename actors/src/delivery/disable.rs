//! What delivery itself does to an endpoint: switching it off, or pausing it, for a reason that its
//! owner is told.

use entities::ids::{CreditorId, EndpointId};
use entities::queries::delivery::{self, Completions};
use entities::webhook_endpoint::EndpointState;
use serde_json::json;

use super::completed_lease::{Ended, Stop};
use super::handle::Delivery;
use crate::cluster::ChangeKind;
use crate::contract::{ApiError, DbResultExt as _};
use crate::creditor::AccountFile;
use crate::outbox::EventType;

/// Writes an outcome that stops its endpoint, and stops it, in one transaction: so nothing that waits
/// behind it is taken in between. Of a lease that was rescued meanwhile nothing is written.
pub(super) async fn end_and_stop(delivery: &Delivery, ended: &Ended) -> Result<(), ApiError> {
    let Some(stop) = ended.stop else {
        return Ok(());
    };
    let completions = Completions::of(&delivery.env.db, std::slice::from_ref(&ended.completion));
    let Some(mut file) = AccountFile::open(&delivery.creditors, ended.creditor).await? else {
        return Ok(());
    };
    let done = completions.write(&file.transaction).await.or_fault()?;
    match done.is_empty() {
        true => tracing::info!(late = 1, "outcomes of leases that had been rescued"),
        false => stop_in(&mut file, ended.endpoint(), stop).await?,
    }
    file.close().await.or_fault()?;
    Ok(())
}

/// Stops the endpoint in a transaction of its own. Doing it twice is harmless.
pub(super) async fn switch_off(
    delivery: &Delivery,
    creditor: CreditorId,
    endpoint: EndpointId,
    stop: Stop,
) -> Result<(), ApiError> {
    if let Some(mut file) = AccountFile::open(&delivery.creditors, creditor).await? {
        stop_in(&mut file, endpoint, stop).await?;
        file.close().await.or_fault()?;
    }
    Ok(())
}

/// Stops the endpoint in its creditor's open file, and tells its owner's other endpoints if it is for
/// good, and the other nodes.
async fn stop_in(
    file: &mut AccountFile<'_>,
    endpoint: EndpointId,
    stop: Stop,
) -> Result<(), ApiError> {
    let creditor = file.creditor.id;
    let now_ms = file.journal.updated_ms(creditor);
    let (state, reason) = (stop.state(), stop.reason());
    let stopped = delivery::stop(&file.transaction, creditor, endpoint, state, reason, now_ms);
    if !stopped.await.or_fault()? {
        return Ok(());
    }
    let data = json!({"endpoint_id": endpoint, "reason": reason});
    file.audit(stop.action(), "system:delivery", data.clone());
    if state == EndpointState::Disabled {
        file.journal.forget_endpoint(endpoint);
        file.event(EventType::WebhookEndpointDisabled, data);
    }
    file.touch(ChangeKind::DisabledEndpoint);
    tracing::warn!(%endpoint, %creditor, "an endpoint was stopped: {reason}");
    Ok(())
}
