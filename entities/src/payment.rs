//! A payment that the creditor recorded.

use sea_orm::entity::prelude::*;

use crate::ids::{CreditorId, PaymentId, PlacementId};

/// A row of `payment`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "payment")]
pub struct Model {
    /// UUID v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PaymentId,
    /// The placement that was paid.
    pub placement_id: PlacementId,
    /// Owning creditor.
    pub creditor_id: CreditorId,
    /// Amount in cents.
    pub amount_cents: i64,
    /// When the payment was recorded, epoch milliseconds.
    pub recorded_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
