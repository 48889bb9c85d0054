//! The state of an onboarding gate of a creditor.

use sea_orm::entity::prelude::*;

use crate::ids::CreditorId;

/// A row of `gate`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "gate")]
pub struct Model {
    /// The creditor.
    #[sea_orm(primary_key, auto_increment = false)]
    pub creditor_id: CreditorId,
    /// `kyb_verified`, `payouts_enabled` or `msa_on_file`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub gate: String,
    /// Time of the newest fact by the provider's clock, epoch milliseconds.
    pub fact_at_ms: i64,
    /// Bit set of the observations at exactly that time; see `actors::domain::gates`.
    pub seen: i32,
    /// Who reported the fact: a provider, `agreement` or a support actor.
    pub source: String,
    /// When this row last changed, epoch milliseconds.
    pub changed_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
