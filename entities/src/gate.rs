//! The state of one gate of one creditor.

use sea_orm::entity::prelude::*;

use crate::ids::CreditorId;

/// A row of `gate`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "gate")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub creditor_id: CreditorId,
    /// `kyb_verified`, `payouts_enabled` or `msa_on_file`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub gate: String,
    /// The provider's time of the newest fact.
    pub fact_at_ms: i64,
    /// Bit set of what was observed at exactly that time.
    pub seen: i32,
    /// Who reported it: a provider, `agreement` or a support actor.
    pub source: String,
    /// When we last changed it.
    pub changed_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
