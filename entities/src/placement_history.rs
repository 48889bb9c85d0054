//! One change of a placement's status.

use sea_orm::entity::prelude::*;

use crate::ids::{CreditorId, PlacementId};

/// A row of `placement_history`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "placement_history")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Which.
    pub placement_id: PlacementId,
    /// Whose.
    pub creditor_id: CreditorId,
    /// Before; absent when placed.
    pub from_status: Option<String>,
    /// After.
    pub to_status: String,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
