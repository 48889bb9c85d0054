//! A delivery that is pending, failed, exhausted or cancelled: the hot queue.
//!
//! A delivered row is deleted. Its history is in [`crate::delivery_attempt`].

use sea_orm::entity::prelude::*;

use crate::ids::{CreditorId, DeliveryId, EndpointId, MessageId};

crate::text_enums! {
    /// State of an undelivered delivery. A lease is not a state; see [`Model::owner`].
    pub enum DeliveryState {
        /// Not attempted yet.
        Pending,
        /// The last attempt failed and another one is due.
        Failed,
        /// Out of attempts; can be replayed.
        Exhausted,
        /// Its endpoint was disabled.
        Cancelled,
    }
}

/// A row of `delivery`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "delivery")]
pub struct Model {
    /// UUID v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DeliveryId,
    /// The message to send.
    pub message_id: MessageId,
    /// The endpoint to send it to.
    pub endpoint_id: EndpointId,
    /// Owning creditor.
    pub creditor_id: CreditorId,
    /// State, apart from a lease.
    pub state: DeliveryState,
    /// When the next attempt is due, epoch milliseconds.
    pub due_ms: i64,
    /// Epoch of the node that leases the row; absent if the row is not leased.
    pub owner: Option<i64>,
    /// Incremented by every claim. With `owner` it fences writes to a leased row.
    pub claim_no: i64,
    /// Number of finished attempts.
    pub attempt: i32,
    /// Ordering key: the id of the endpoint or of the placement; absent if deliveries are unordered.
    pub order_key: Option<Uuid>,
    /// Sequence of the message.
    pub sequence: i64,
    /// HTTP status of the last attempt.
    pub response_status: Option<i32>,
}

impl ActiveModelBehavior for ActiveModel {}
