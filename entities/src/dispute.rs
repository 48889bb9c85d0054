//! What a debtor objects, and how it ended.

use sea_orm::entity::prelude::*;

use crate::ids::{CreditorId, PlacementId};

/// Whether a dispute is going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum DisputeStatus {
    /// It is.
    #[sea_orm(string_value = "open")]
    Open,
    /// It ended.
    #[sea_orm(string_value = "resolved")]
    Resolved,
}

impl DisputeStatus {
    /// The text in storage and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
        }
    }
}

/// A row of `dispute`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "dispute")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Which placement.
    pub placement_id: PlacementId,
    /// Whose.
    pub creditor_id: CreditorId,
    /// Open or resolved.
    pub status: DisputeStatus,
    /// What the debtor said.
    pub reason: String,
    /// The answer on record.
    pub answer: Option<String>,
    /// When it was opened.
    pub opened_ms: i64,
    /// When it was answered.
    pub answered_ms: Option<i64>,
    /// When the creditor acknowledged it.
    pub acknowledged_ms: Option<i64>,
    /// `denied`, `upheld` or `withdrawn`.
    pub resolution: Option<String>,
    /// When it ended.
    pub resolved_ms: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
