//! A recovery: a background job that replays the deliveries of a creditor's events of a time range.

use sea_orm::entity::prelude::*;

use crate::ids::{CreditorId, DeliveryId, RecoveryId};

crate::text_enums! {
    /// Phase of a recovery.
    pub enum RecoveryState {
        /// Requeues failed, exhausted and cancelled deliveries.
        Deliveries,
        /// Creates deliveries for messages that have none.
        Messages,
        /// Finished: everything is queued.
        Done,
    }
}

/// A row of `webhook_recovery`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_recovery")]
pub struct Model {
    /// UUID v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RecoveryId,
    /// Owning creditor.
    pub creditor_id: CreditorId,
    /// Who requested it.
    pub requested_by: String,
    /// Phase.
    pub state: RecoveryState,
    /// Start of the time range (inclusive), epoch milliseconds.
    pub since_ms: i64,
    /// End of the time range (exclusive), epoch milliseconds.
    pub until_ms: i64,
    /// Sequence of the first message of the range.
    pub first_sequence: i64,
    /// Sequence of the last message of the range; less than `first_sequence` if the range is empty.
    pub last_sequence: i64,
    /// Last delivery that was processed.
    pub delivery_cursor: DeliveryId,
    /// Sequence of the last message that was processed.
    pub message_cursor: i64,
    /// Number of deliveries that were requeued.
    pub requeued: i64,
    /// Number of deliveries that were created for messages without any.
    pub created: i64,
    /// When it was requested, epoch milliseconds.
    pub created_ms: i64,
    /// When it last advanced, epoch milliseconds.
    pub updated_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
