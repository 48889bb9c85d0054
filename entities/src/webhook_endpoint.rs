//! A webhook endpoint: the URL that a creditor receives events at.

use sea_orm::entity::prelude::*;

use crate::ids::{CreditorId, EndpointId};

/// Whether deliveries are sent to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum EndpointState {
    /// Deliveries are sent.
    #[sea_orm(string_value = "enabled")]
    Enabled,
    /// Deliveries are queued but not sent.
    #[sea_orm(string_value = "paused")]
    Paused,
    /// No deliveries are queued or sent.
    #[sea_orm(string_value = "disabled")]
    Disabled,
}

impl EndpointState {
    /// The text in storage and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
        }
    }
}

/// In which order the first attempts of an endpoint's deliveries are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum DeliveryOrder {
    /// In no particular order, which gives the highest throughput.
    #[default]
    #[sea_orm(string_value = "none")]
    Free,
    /// All deliveries in order of `sequence`, one at a time.
    #[sea_orm(string_value = "endpoint")]
    Endpoint,
    /// The deliveries of each placement in order of `sequence`, one at a time.
    #[sea_orm(string_value = "placement")]
    Placement,
}

impl DeliveryOrder {
    /// All variants.
    pub const ALL: [Self; 3] = [Self::Free, Self::Endpoint, Self::Placement];

    /// The text in storage and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Free => "none",
            Self::Endpoint => "endpoint",
            Self::Placement => "placement",
        }
    }
}

/// What happens when the first delivery of an ordering key is out of attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum OnExhausted {
    /// The endpoint is paused, so that no later delivery overtakes.
    #[default]
    #[sea_orm(string_value = "pause")]
    Pause,
    /// The next delivery follows.
    #[sea_orm(string_value = "skip")]
    Skip,
}

impl OnExhausted {
    /// All variants.
    pub const ALL: [Self; 2] = [Self::Pause, Self::Skip];

    /// The text in storage and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Skip => "skip",
        }
    }
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

impl ActiveModelBehavior for ActiveModel {}
