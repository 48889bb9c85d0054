//! Erasure of the message payloads about one placement, on request.
//!
//! Never deletes the delivery log; only payloads are erased.

use std::ops::RangeInclusive;

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
/// queue. The delivery log remains, without payloads. Each page is committed with its line of the audit log.
///
/// # Errors
/// [`ApiError::NotFound`] if the creditor does not exist. After other errors, a part may have been erased.
pub(crate) async fn erase(
    delivery: &Delivery,
    row: &placement::Model,
    actor: &str,
    reason: &str,
) -> Result<ErasedView, ApiError> {
    let reader = delivery.env.db.reader();
    let highest = highest_sequence(reader, row.creditor_id).await?;
    // No message is older than the placement that it is about.
    let first = first_sequence_from(reader, row.creditor_id, row.placed_ms).await?;
    let mut sequence = first.unwrap_or(highest + 1);
    let mut erased = Erased::default();
    loop {
        let page = sequence..=(sequence + PAGE - 1).min(highest);
        sequence += PAGE;
        let is_last = sequence > highest;
        let done = erase_page(delivery, row, page, (is_last, actor, reason)).await?;
        erased.payloads += done.payloads;
        erased.deliveries += done.deliveries;
        if is_last {
            break;
        }
    }
    Ok(ErasedView {
        placement_id: row.id.0,
        payloads: erased.payloads,
        deliveries: erased.deliveries,
    })
}

/// The audit log gets a line for a page that had payloads, and for the last one.
async fn erase_page(
    delivery: &Delivery,
    row: &placement::Model,
    page: RangeInclusive<i64>,
    (is_last, actor, reason): (bool, &str, &str),
) -> Result<Erased, ApiError> {
    let mut transaction = CreditorTransaction::begin(&delivery.creditors, row.creditor_id).await?;
    let done = erase_placement(&transaction.db, row.creditor_id, row.id, page).await?;
    if is_last || done != Erased::default() {
        let data = json!({
            "placement_id": row.id, "reason": reason,
            "payloads": done.payloads, "deliveries": done.deliveries,
        });
        transaction.audit("webhook.payloads_erased", actor, data);
    }
    transaction.commit().await?;
    Ok(done)
}
