//! A change of a placement's status.

use sea_orm::entity::prelude::*;

use crate::ids::{CreditorId, HistoryId, PlacementId};
use crate::placement::StoredStatus;

/// A row of `placement_history`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "placement_history")]
pub struct Model {
    /// UUID v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: HistoryId,
    /// The placement.
    pub placement_id: PlacementId,
    /// Owning creditor.
    pub creditor_id: CreditorId,
    /// Status before the change; absent when the invoice was placed.
    pub from_status: Option<StoredStatus>,
    /// Status after the change.
    pub to_status: StoredStatus,
    /// Who made the change.
    pub actor: String,
    /// Reason, if one was given.
    pub reason: Option<String>,
    /// Time of the change, epoch milliseconds.
    pub at_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
