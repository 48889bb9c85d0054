//! A payment that the creditor recorded.

use sea_orm::entity::prelude::*;

use crate::ids::{CreditorId, PlacementId};

/// A row of `payment`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "payment")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Against which placement.
    pub placement_id: PlacementId,
    /// Whose.
    pub creditor_id: CreditorId,
    /// Cents.
    pub amount_cents: i64,
    /// When.
    pub recorded_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
