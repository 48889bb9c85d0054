//! An event that happened, as it is sent to every endpoint.

use sea_orm::entity::prelude::*;

use crate::ids::{CreditorId, MessageId};

/// A row of `message`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "message")]
pub struct Model {
    /// Id; `webhook-id` to receivers.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MessageId,
    /// Whose.
    pub creditor_id: CreditorId,
    /// Event type.
    pub event_type: String,
    /// Grows by one per creditor.
    pub sequence: i64,
    /// The exact body that is signed and sent; empty once its time is over, or it was erased.
    pub payload: String,
    /// When it happened.
    pub created_ms: i64,
    /// How many deliveries carry it; those that none does can be recovered.
    pub initial_deliveries: i32,
    /// The trace of the request that it came from, W3C Trace Context.
    pub traceparent: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
