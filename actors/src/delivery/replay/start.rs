//! Starts replays and shows their progress. The API calls a replay a recovery.
//!
//! A replay sends all events of a period that did not arrive again, with their original `webhook-id`. It is a row with
//! cursors, which the request inserts. The [`Replayer`](super::Replayer) of any process advances it page by page. Each
//! page is one short transaction that moves the cursors. A crash therefore loses nothing, and two processes never
//! process the same page.

use entities::DbErr;
use entities::ids::{CreditorId, DeliveryId, RecoveryId};
use entities::queries::{self, webhook_recoveries as recoveries};
use entities::webhook_recovery::{self, RecoveryState};
use serde_json::json;
use uuid::Uuid;

use super::super::handle::Delivery;
use super::super::messages::ReplayerMsg;
use crate::contract::{ApiError, RecoveryPeriod, RecoveryView, Replayable};
use crate::creditor::{CreditorTransaction, IdempotentOperation};
use crate::domain::date::rfc3339_ms;
use crate::infra::Env;

/// Maximum running replays of one creditor.
const MAX_RUNNING: i64 = 3;

/// Starts a replay of the events of a period.
///
/// # Errors
/// A field error if the creditor already has [`MAX_RUNNING`] running replays.
pub(crate) async fn start(
    delivery: &Delivery,
    creditor: CreditorId,
    actor: &str,
    span: RecoveryPeriod,
    once: &IdempotentOperation,
) -> Result<Replayable<RecoveryView>, ApiError> {
    let mut transaction = CreditorTransaction::begin(&delivery.creditors, creditor).await?;
    if let Some(begun) = once.find_result(&transaction).await? {
        drop(transaction);
        let value = show(&delivery.env, Some(creditor), RecoveryId(begun)).await?;
        let replayed = true;
        return Ok(Replayable { value, replayed });
    }
    let running = recoveries::running(&transaction.db, creditor).await?;
    if running >= MAX_RUNNING {
        let msg = format!(
            "{MAX_RUNNING} recoveries are already running; start another when one has finished"
        );
        return Err(ApiError::field(&["body"], msg));
    }
    let row = plan(&transaction, actor, span, delivery.env.clock.now_ms()).await?;
    let data = json!({
        "recovery_id": row.id, "since": rfc3339_ms(row.since_ms), "until": rfc3339_ms(row.until_ms),
    });
    transaction.audit("webhook.recovery_started", actor, data);
    queries::insert(&transaction.db, row.clone()).await?;
    once.store_result(&transaction, row.id.0).await?;
    transaction.commit().await?;
    let _ = delivery.replayer.send(ReplayerMsg::Work);
    Ok(Replayable {
        value: view(&row),
        replayed: false,
    })
}

/// The progress of a replay. Without a creditor it may belong to any creditor, which only support may see.
///
/// # Errors
/// [`ApiError::NotFound`] if there is no such replay.
pub(crate) async fn show(
    env: &Env,
    creditor: Option<CreditorId>,
    id: RecoveryId,
) -> Result<RecoveryView, ApiError> {
    let row = recoveries::by_id(env.db.reader(), creditor, id).await?;
    row.as_ref()
        .map(view)
        .ok_or(ApiError::not_found("recovery"))
}

/// Builds the row of a new replay. The creditor's position is locked, so no message of the period can appear later.
async fn plan(
    transaction: &CreditorTransaction<'_>,
    actor: &str,
    span: RecoveryPeriod,
    now_ms: i64,
) -> Result<webhook_recovery::Model, DbErr> {
    let (creditor_id, transaction) = (transaction.creditor.id, &transaction.db);
    let until_ms = span.until_ms.unwrap_or(now_ms).min(now_ms);
    let highest = recoveries::highest_sequence(transaction, creditor_id).await?;
    let nothing = highest + 1;
    let first = recoveries::first_sequence_from(transaction, creditor_id, span.since_ms).await?;
    let after = recoveries::first_sequence_from(transaction, creditor_id, until_ms).await?;
    let first_sequence = first.unwrap_or(nothing);
    Ok(webhook_recovery::Model {
        id: RecoveryId(Uuid::now_v7()),
        creditor_id,
        requested_by: actor.to_owned(),
        state: RecoveryState::Deliveries,
        since_ms: span.since_ms,
        until_ms,
        first_sequence,
        last_sequence: after.unwrap_or(nothing) - 1,
        delivery_cursor: DeliveryId(Uuid::nil()),
        message_cursor: first_sequence - 1,
        requeued: 0,
        created: 0,
        created_ms: now_ms,
        updated_ms: now_ms,
    })
}

fn view(row: &webhook_recovery::Model) -> RecoveryView {
    let done = row.state == RecoveryState::Done;
    RecoveryView {
        id: row.id.0,
        creditor_id: row.creditor_id.0,
        status: if done { "done" } else { "running" },
        since: rfc3339_ms(row.since_ms),
        until: rfc3339_ms(row.until_ms),
        events: (row.last_sequence + 1 - row.first_sequence).max(0),
        requeued: row.requeued,
        created: row.created,
        created_at: rfc3339_ms(row.created_ms),
        updated_at: rfc3339_ms(row.updated_ms),
    }
}
