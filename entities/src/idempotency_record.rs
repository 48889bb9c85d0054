//! The outcome of a request with an `Idempotency-Key`, kept so that a retry gets the same answer.

use sea_orm::entity::prelude::*;

use crate::ids::{CreditorId, PlacementId};

/// A row of `idempotency_record`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_record")]
pub struct Model {
    /// Owning creditor.
    #[sea_orm(primary_key, auto_increment = false)]
    pub creditor_id: CreditorId,
    /// Value of the `Idempotency-Key` header.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// SHA-256 hash of the request.
    pub fingerprint: Vec<u8>,
    /// Name of the operation, e.g. `place` or `recall`.
    pub operation: String,
    /// The placement that the request changed, if any.
    pub placement_id: Option<PlacementId>,
    /// JSON of the typed outcome.
    pub outcome: String,
    /// When the request was processed, epoch milliseconds.
    pub created_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
