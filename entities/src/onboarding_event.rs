//! A provider event that was accepted, kept for ever and at most once.

use sea_orm::entity::prelude::*;

use crate::ids::CreditorId;

/// What became of a provider event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum EventOutcome {
    /// It changed what is known of a gate.
    #[sea_orm(string_value = "applied")]
    Applied,
    /// Something later was already known.
    #[sea_orm(string_value = "stale")]
    Stale,
    /// It carries no fact that we use.
    #[sea_orm(string_value = "ignored")]
    Ignored,
    /// No creditor is linked to its account yet.
    #[sea_orm(string_value = "unlinked")]
    Unlinked,
}

impl EventOutcome {
    /// The text in storage and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Stale => "stale",
            Self::Ignored => "ignored",
            Self::Unlinked => "unlinked",
        }
    }
}

/// A row of `onboarding_event`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "onboarding_event")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// `stripe`, `middesk` or `docusign`.
    pub provider: String,
    /// The provider's id, unique per provider.
    pub event_id: String,
    /// The provider's type.
    pub event_type: String,
    /// The provider's name for the account.
    pub external_id: String,
    /// Whose, once linked.
    pub creditor_id: Option<CreditorId>,
    /// The gate it speaks of, if any.
    pub gate: Option<String>,
    /// `open`, `passed` or `refused`.
    pub fact_value: Option<String>,
    /// Whether `previous_attributes` names the field.
    pub names_previous: bool,
    /// The provider's time of the fact.
    pub occurred_ms: i64,
    /// What became of it.
    pub outcome: EventOutcome,
    /// When it arrived here.
    pub received_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
