//! The mark of a Writer's commit: a connection that was lost in COMMIT is settled by looking here.

use sea_orm::entity::prelude::*;

/// A row of `ledger_batch`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_batch")]
pub struct Model {
    /// Drawn by the Writer before it begins.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// When it was written.
    pub committed_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
