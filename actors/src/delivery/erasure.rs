//! Erasure of the message payloads about one placement, on request.
//!
//! Never deletes the delivery log; only payloads are erased.

use entities::ids::{CreditorId, PlacementId};
use entities::placement;
use entities::queries::retention::{Erased, erase_placement};
use entities::queries::webhook_recoveries::{first_sequence_from, highest_sequence};
use serde_json::json;

use super::handle::Delivery;
use crate::contract::{ApiError, ErasedView};
use crate::creditor::CreditorTransaction;

/// Messages that one transaction processes.
const PAGE: i64 = 5_000;

/// Erases the payload of every message about the placement, in pages, and removes their pending deliveries from the
/// queue. The delivery log remains, without payloads.
///
/// # Errors
/// [`ApiError::NotFound`] if the creditor does not exist.
pub(crate) async fn erase(
    delivery: &Delivery,
    row: &placement::Model,
    actor: &str,
    reason: &str,
) -> Result<ErasedView, ApiError> {
    let erased = erase_pages(delivery, row.creditor_id, row.id, row.placed_ms).await?;
    let mut transaction = CreditorTransaction::begin(&delivery.creditors, row.creditor_id).await?;
    let data = json!({
        "placement_id": row.id, "reason": reason,
        "payloads": erased.payloads, "deliveries": erased.deliveries,
    });
    transaction.audit("webhook.payloads_erased", actor, data);
    transaction.commit().await?;
    Ok(ErasedView {
        placement_id: row.id.0,
        payloads: erased.payloads,
        deliveries: erased.deliveries,
    })
}

/// Starts at the first message since the placement, because no message is older than the placement it is about.
async fn erase_pages(
    delivery: &Delivery,
    creditor: CreditorId,
    placement: PlacementId,
    placed_ms: i64,
) -> Result<Erased, ApiError> {
    let reader = delivery.env.db.reader();
    let highest = highest_sequence(reader, creditor).await?;
    let first = first_sequence_from(reader, creditor, placed_ms).await?;
    let mut erased = Erased::default();
    let mut sequence = first.unwrap_or(highest + 1);
    while sequence <= highest {
        let page = sequence..=(sequence + PAGE - 1).min(highest);
        let done = erase_placement(&delivery.env.db, creditor, placement, page).await?;
        erased.payloads += done.payloads;
        erased.deliveries += done.deliveries;
        sequence += PAGE;
    }
    Ok(erased)
}
