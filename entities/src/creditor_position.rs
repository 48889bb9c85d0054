//! The position of a creditor in its event sequence. Its row lock serializes the creditor's transactions.

use sea_orm::entity::prelude::*;

use crate::ids::CreditorId;

/// A row of `creditor_position`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "creditor_position")]
pub struct Model {
    /// The creditor.
    #[sea_orm(primary_key, auto_increment = false)]
    pub creditor_id: CreditorId,
    /// Sequence of the last event.
    pub sequence: i64,
    /// Time of the last change, epoch milliseconds. It increases with every change.
    pub updated_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
