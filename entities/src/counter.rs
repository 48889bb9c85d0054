//! A number that is allocated under its row's lock: who has seen n never sees n-1 appear later.

use sea_orm::entity::prelude::*;

/// A row of `counter`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "counter")]
pub struct Model {
    /// `node_epoch` or `control_feed`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// The number given out last.
    pub value: i64,
}

impl ActiveModelBehavior for ActiveModel {}
