//! A node: one run of one process. The node is a member of the cluster while its row exists.

use sea_orm::entity::prelude::*;

/// A row of `node`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "node")]
pub struct Model {
    /// Number of this run; never reused.
    #[sea_orm(primary_key, auto_increment = false)]
    pub epoch: i64,
    /// Host and process id, for humans.
    pub name: String,
    /// Join time by the database's clock, epoch milliseconds.
    pub started_ms: i64,
    /// Last heartbeat by the database's clock, epoch milliseconds.
    pub heartbeat_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
