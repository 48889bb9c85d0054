//! A finished delivery attempt: the history of the queue.

use sea_orm::entity::prelude::*;

use crate::ids::{AttemptId, CreditorId, DeliveryId, EndpointId, MessageId};

crate::text_enums! {
    /// How an attempt ended.
    pub enum AttemptOutcome {
        /// The receiver responded 2xx.
        Delivered,
        /// Any other response, or none.
        Failed,
    }
}

/// A row of `delivery_attempt`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "delivery_attempt")]
pub struct Model {
    /// UUID v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AttemptId,
    /// The delivery.
    pub delivery_id: DeliveryId,
    /// The message that was sent.
    pub message_id: MessageId,
    /// The endpoint that it was sent to.
    pub endpoint_id: EndpointId,
    /// Owning creditor.
    pub creditor_id: CreditorId,
    /// Number of the attempt; the first is 1.
    pub attempt: i32,
    /// How the attempt ended.
    pub outcome: AttemptOutcome,
    /// When the attempt ended, epoch milliseconds.
    pub at_ms: i64,
    /// Duration in milliseconds.
    pub latency_ms: i64,
    /// HTTP status, if there was a response.
    pub response_status: Option<i32>,
    /// Why the attempt failed.
    pub error: Option<String>,
    /// Beginning of the response body.
    pub response_excerpt: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
