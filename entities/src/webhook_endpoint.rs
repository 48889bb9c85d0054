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
    /// When it was made.
    pub created_ms: i64,
    /// When it was last changed.
    pub updated_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
