//! When and from where a key was last used.
//!
//! The data has its own table because it changes often and its writers do not hold the creditor's lock.

use sea_orm::entity::prelude::*;

use crate::ids::KeyId;

/// A row of `api_key_use`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_key_use")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key_id: KeyId,
    /// Time of the last use, epoch milliseconds. It never decreases.
    pub last_used_ms: i64,
    /// Client address of the last use.
    pub address: String,
}

impl ActiveModelBehavior for ActiveModel {}
