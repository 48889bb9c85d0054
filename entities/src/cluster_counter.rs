//! A counter. Numbers are allocated under the row's lock, so a reader that sees n never sees n-1 appear later.

use sea_orm::entity::prelude::*;

/// A row of `cluster_counter`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "cluster_counter")]
pub struct Model {
    /// `node_epoch` or `control_feed`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// The last allocated number.
    pub value: i64,
}

impl ActiveModelBehavior for ActiveModel {}
