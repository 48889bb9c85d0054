//! When and from where a key was used last. A table of its own: it is written all the time, and by
//! nobody who holds the creditor's lock.

use sea_orm::entity::prelude::*;

use crate::ids::KeyId;

/// A row of `api_key_use`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_key_use")]
pub struct Model {
    /// Which key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key_id: KeyId,
    /// When; never goes back.
    pub last_used_ms: i64,
    /// The client's address then.
    pub address: String,
}

impl ActiveModelBehavior for ActiveModel {}
