//! One finished attempt: the history of the queue.

use sea_orm::entity::prelude::*;

use crate::ids::{CreditorId, DeliveryId, EndpointId, MessageId};

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum AttemptOutcome {
    /// 2xx.
    #[sea_orm(string_value = "delivered")]
    Delivered,
    /// Anything else.
    #[sea_orm(string_value = "failed")]
    Failed,
}

impl AttemptOutcome {
    /// The text in storage and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

/// A row of `delivery_attempt`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "delivery_attempt")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Of which delivery.
    pub delivery_id: DeliveryId,
    /// What.
    pub message_id: MessageId,
    /// Where to.
    pub endpoint_id: EndpointId,
    /// Whose.
    pub creditor_id: CreditorId,
    /// 1 for the first.
    pub attempt: i32,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// When it ended.
    pub at_ms: i64,
    /// How long it took.
    pub latency_ms: i64,
    /// HTTP status, if there was an answer.
    pub response_status: Option<i32>,
    /// Why it failed.
    pub error: Option<String>,
    /// The beginning of the answer.
    pub response_excerpt: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
