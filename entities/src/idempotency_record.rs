//! The typed outcome of a keyed request, kept for replay.

use sea_orm::entity::prelude::*;

use crate::ids::{CreditorId, PlacementId};

/// A row of `idempotency_record`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_record")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub creditor_id: CreditorId,
    /// The `Idempotency-Key`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// SHA-256 of the request.
    pub fingerprint: Vec<u8>,
    /// What was asked for.
    pub operation: String,
    /// Which placement it changed.
    pub placement_id: Option<PlacementId>,
    /// JSON of the typed outcome.
    pub outcome: String,
    /// When.
    pub created_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
