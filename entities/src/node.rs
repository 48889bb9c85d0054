//! One boot of one process: alive as long as its row stands.

use sea_orm::entity::prelude::*;

/// A row of `node`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "node")]
pub struct Model {
    /// Number of this boot; never used again.
    #[sea_orm(primary_key, auto_increment = false)]
    pub epoch: i64,
    /// Host and process id, for people.
    pub name: String,
    /// When it joined, by the database's clock.
    pub started_ms: i64,
    /// When it was last renewed, by the database's clock.
    pub heartbeat_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
