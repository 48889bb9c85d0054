//! An entry of the audit log. The database rejects changes to it and its deletion.

use sea_orm::entity::prelude::*;

use crate::ids::{AuditEventId, CreditorId, PlacementId};

/// A row of `audit_event`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_event")]
pub struct Model {
    /// UUID v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditEventId,
    /// What happened, e.g. `creditor.api_key_issued`.
    pub action: String,
    /// Who did it, e.g. `system:delivery`.
    pub actor: String,
    /// Creditor whose account is concerned, if any.
    pub creditor_id: Option<CreditorId>,
    /// Placement concerned, if any.
    pub placement_id: Option<PlacementId>,
    /// Time, epoch milliseconds.
    pub at_ms: i64,
    /// JSON details; never a secret.
    pub data: String,
    /// Trace of the request, 32 hexadecimal digits. Deliveries of the same change carry it too.
    pub trace_id: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
