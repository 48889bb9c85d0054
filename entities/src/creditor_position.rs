//! The position of a creditor in its own history: the lock under which everything happens.

use sea_orm::entity::prelude::*;

use crate::ids::CreditorId;

/// A row of `creditor_position`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "creditor_position")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub creditor_id: CreditorId,
    /// Sequence of the last event.
    pub sequence: i64,
    /// Time of the last change, never repeated, never going back.
    pub updated_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
