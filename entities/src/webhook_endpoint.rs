//! A webhook endpoint: the URL that a creditor receives events at.

use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::entity::prelude::*;

use crate::ids::{CreditorId, EndpointId};

crate::text_enums! {
    /// Whether deliveries are sent to an endpoint.
    pub enum EndpointState {
        /// Deliveries are sent.
        Enabled,
        /// Deliveries are queued but not sent.
        Paused,
        /// No deliveries are queued or sent.
        Disabled,
    }

    /// In which order the first attempts of an endpoint's deliveries are made.
    #[derive(Default)]
    pub enum DeliveryOrder {
        /// In no particular order, which gives the highest throughput.
        #[default]
        #[sea_orm(string_value = "none")]
        #[strum(serialize = "none")]
        Unordered,
        /// All deliveries in order of `sequence`, one at a time.
        Endpoint,
        /// The deliveries of each placement in order of `sequence`, one at a time.
        Placement,
    }

    /// What happens when the first delivery of an ordering key is out of attempts.
    #[derive(Default)]
    pub enum OnExhausted {
        /// The endpoint is paused, so that no later delivery overtakes.
        #[default]
        Pause,
        /// The next delivery follows.
        Skip,
    }
}

impl DeliveryOrder {
    /// All variants.
    pub const ALL: [Self; 3] = [Self::Unordered, Self::Endpoint, Self::Placement];
}

impl OnExhausted {
    /// All variants.
    pub const ALL: [Self; 2] = [Self::Pause, Self::Skip];
}

/// A row of `webhook_endpoint`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_endpoint")]
pub struct Model {
    /// UUID v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EndpointId,
    /// Owning creditor.
    pub creditor_id: CreditorId,
    /// Whether Settings → Webhook URL manages this endpoint.
    pub is_primary: bool,
    /// URL that deliveries are sent to; empty if the endpoint was removed.
    pub url: String,
    /// JSON array of the subscribed event types; absent means all.
    pub events: Option<String>,
    /// Whether deliveries are sent.
    pub state: EndpointState,
    /// Why the endpoint is paused or disabled.
    pub state_reason: Option<String>,
    /// Description by the owner.
    pub description: Option<String>,
    /// Maximum sends per second.
    pub throttle_per_second: Option<i32>,
    /// Headers that the owner adds: JSON, encrypted because they can hold tokens.
    pub sealed_headers: Option<Vec<u8>>,
    /// Delivery order.
    pub ordering: DeliveryOrder,
    /// What happens when the first delivery of an ordering key is out of attempts.
    pub on_exhausted: OnExhausted,
    /// Since when every delivery has failed, epoch milliseconds; absent if the endpoint is not failing.
    pub failing_since_ms: Option<i64>,
    /// When a delivery last failed, epoch milliseconds, to the minute.
    pub last_failed_ms: Option<i64>,
    /// Creation time, epoch milliseconds.
    pub created_ms: i64,
    /// Time of the last change, epoch milliseconds.
    pub updated_ms: i64,
}

#[async_trait::async_trait]
impl ActiveModelBehavior for ActiveModel {
    /// `queries::delivery` maintains `last_failed_ms` and `failing_since_ms` without the lock of the creditor's
    /// position. An update therefore never writes the first one and only clears the second one.
    async fn before_save<C: ConnectionTrait>(mut self, _: &C, insert: bool) -> Result<Self, DbErr> {
        if !insert {
            self.last_failed_ms = NotSet;
            if self.failing_since_ms != Set(None) {
                self.failing_since_ms = NotSet;
            }
        }
        Ok(self)
    }
}
