//! A provider event that was accepted. Each event is stored at most once and never deleted.

use sea_orm::entity::prelude::*;

use crate::ids::{CreditorId, OnboardingEventId};
use crate::provider_account::Provider;

crate::text_enums! {
    /// Effect of a provider event.
    pub enum EventOutcome {
        /// It changed the known facts of a gate.
        Applied,
        /// A later fact was already known.
        Stale,
        /// It carries no fact that a gate uses.
        Ignored,
        /// No creditor is linked to its account yet.
        Unlinked,
    }
}

/// A row of `onboarding_event`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "onboarding_event")]
pub struct Model {
    /// UUID v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OnboardingEventId,
    /// The provider that sent it.
    pub provider: Provider,
    /// The provider's event id, unique per provider.
    pub event_id: String,
    /// The provider's event type.
    pub event_type: String,
    /// The provider's id of the account.
    pub external_id: String,
    /// Owning creditor; absent until the account is linked.
    pub creditor_id: Option<CreditorId>,
    /// The gate that the event concerns, if any.
    pub gate: Option<String>,
    /// Value of the fact: `open`, `passed` or `refused`.
    pub fact_value: Option<String>,
    /// Whether `previous_attributes` of the event names the field.
    pub names_previous: bool,
    /// Time of the fact by the provider's clock, epoch milliseconds.
    pub occurred_ms: i64,
    /// Effect of the event.
    pub outcome: EventOutcome,
    /// When the event was received, epoch milliseconds.
    pub received_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
