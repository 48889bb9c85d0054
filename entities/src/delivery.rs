//! An undelivered (or exhausted, or cancelled) delivery: the hot queue.

use sea_orm::entity::prelude::*;

use crate::ids::{CreditorId, DeliveryId, EndpointId, MessageId};

/// Where an undelivered delivery stands; a lease is `owner`, not a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum DeliveryState {
    /// Never tried.
    #[sea_orm(string_value = "pending")]
    Pending,
    /// Tried, and will be tried again.
    #[sea_orm(string_value = "failed")]
    Failed,
    /// Out of attempts; replayable.
    #[sea_orm(string_value = "exhausted")]
    Exhausted,
    /// Its endpoint is gone.
    #[sea_orm(string_value = "cancelled")]
    Cancelled,
}

impl DeliveryState {
    /// The text in storage and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Exhausted => "exhausted",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A row of `delivery`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "delivery")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DeliveryId,
    /// What.
    pub message_id: MessageId,
    /// Where to.
    pub endpoint_id: EndpointId,
    /// Whose.
    pub creditor_id: CreditorId,
    /// Where it stands.
    pub state: DeliveryState,
    /// When the next attempt is due.
    pub due_ms: i64,
    /// Boot epoch of the process that holds it.
    pub owner: Option<i64>,
    /// Grows at every claim: the fence.
    pub claim_no: i64,
    /// Outcomes so far.
    pub attempt: i32,
    /// The line in which it stands, if in any: its endpoint's id, or its placement's.
    pub order_key: Option<Uuid>,
    /// The message's sequence.
    pub sequence: i64,
    /// HTTP status of the last attempt.
    pub response_status: Option<i32>,
}

impl ActiveModelBehavior for ActiveModel {}
