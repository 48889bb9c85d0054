//! An event, as it is sent to every subscribed endpoint.

use sea_orm::entity::prelude::*;

use crate::ids::{CreditorId, MessageId};

/// A row of `message`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "message")]
pub struct Model {
    /// UUID v7. Receivers see it as `webhook-id`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MessageId,
    /// Owning creditor.
    pub creditor_id: CreditorId,
    /// Event type.
    pub event_type: String,
    /// Sequence number, incremented by one for each event of the creditor.
    pub sequence: i64,
    /// The exact body that is signed and sent; empty after its retention period or its erasure.
    pub payload: String,
    /// When the event happened, epoch milliseconds.
    pub created_ms: i64,
    /// Number of deliveries that were created for the message. A replay can create those of a message with 0.
    pub initial_deliveries: i32,
    /// Trace of the request that caused the event, in W3C Trace Context format.
    pub traceparent: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
