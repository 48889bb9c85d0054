//! A debtor's dispute of a placement, and its resolution.

use sea_orm::entity::prelude::*;

use crate::ids::{CreditorId, DisputeId, PlacementId};

crate::text_enums! {
    /// Whether a dispute is open.
    pub enum DisputeStatus {
        /// Not resolved yet.
        Open,
        /// Resolved; see [`Model::resolution`].
        Resolved,
    }
}

/// A row of `dispute`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "dispute")]
pub struct Model {
    /// UUID v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DisputeId,
    /// The disputed placement.
    pub placement_id: PlacementId,
    /// Owning creditor.
    pub creditor_id: CreditorId,
    /// Open or resolved.
    pub status: DisputeStatus,
    /// The debtor's objection.
    pub reason: String,
    /// The creditor's answer.
    pub answer: Option<String>,
    /// When the dispute was opened, epoch milliseconds.
    pub opened_ms: i64,
    /// When the creditor answered, epoch milliseconds.
    pub answered_ms: Option<i64>,
    /// When the creditor acknowledged the dispute, epoch milliseconds.
    pub acknowledged_ms: Option<i64>,
    /// `denied`, `upheld` or `withdrawn`.
    pub resolution: Option<String>,
    /// When the dispute was resolved, epoch milliseconds.
    pub resolved_ms: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
