//! Where a creditor wants its events.

use sea_orm::entity::prelude::*;

use crate::ids::{CreditorId, EndpointId};

/// Whether an endpoint is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum EndpointState {
    /// It is.
    #[sea_orm(string_value = "enabled")]
    Enabled,
    /// Its deliveries wait.
    #[sea_orm(string_value = "paused")]
    Paused,
    /// It gets nothing more.
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

/// In which order an endpoint's deliveries arrive for the first time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum DeliveryOrder {
    /// In no particular one, and so as fast as can be.
    #[default]
    #[sea_orm(string_value = "none")]
    Free,
    /// All of them one after the other, by `sequence`.
    #[sea_orm(string_value = "endpoint")]
    Endpoint,
    /// Those of one placement one after the other.
    #[sea_orm(string_value = "placement")]
    Placement,
}

impl DeliveryOrder {
    /// Every one there is.
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

/// What happens when the first in a line is out of attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum OnExhausted {
    /// The endpoint is paused: nothing overtakes what did not arrive.
    #[default]
    #[sea_orm(string_value = "pause")]
    Pause,
    /// The next one goes on.
    #[sea_orm(string_value = "skip")]
    Skip,
}

impl OnExhausted {
    /// Every one there is.
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
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EndpointId,
    /// Whose.
    pub creditor_id: CreditorId,
    /// The one that Settings → Webhook URL sets.
    pub is_primary: bool,
    /// Where.
    pub url: String,
    /// JSON list of event types; absent is all.
    pub events: Option<String>,
    /// Whether it is sent to.
    pub state: EndpointState,
    /// Why it is not.
    pub state_reason: Option<String>,
    /// Its owner's words.
    pub description: Option<String>,
    /// Sends a second at most.
    pub throttle_per_second: Option<i32>,
    /// Headers that its owner adds: JSON, encrypted, for they hold tokens.
    pub sealed_headers: Option<Vec<u8>>,
    /// In which order its deliveries arrive.
    pub ordering: DeliveryOrder,
    /// What becomes of a line whose first delivery is out of attempts.
    pub on_exhausted: OnExhausted,
    /// Since when nothing has succeeded; absent while something does.
    pub failing_since_ms: Option<i64>,
    /// When it failed last, to the minute.
    pub last_failed_ms: Option<i64>,
    /// When it was made.
    pub created_ms: i64,
    /// When it was last changed.
    pub updated_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
