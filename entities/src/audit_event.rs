//! A line of the audit log; the database refuses to change or delete it.

use sea_orm::entity::prelude::*;

use crate::ids::{CreditorId, PlacementId};

/// A row of `audit_event`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_event")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What happened, e.g. `creditor.api_key_issued`.
    pub action: String,
    /// Who did it.
    pub actor: String,
    /// Whose account.
    pub creditor_id: Option<CreditorId>,
    /// Which placement.
    pub placement_id: Option<PlacementId>,
    /// When.
    pub at_ms: i64,
    /// JSON details; never a secret.
    pub data: String,
    /// The trace of the request, 32 hexadecimal digits: deliveries of the same change carry it too.
    pub trace_id: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
