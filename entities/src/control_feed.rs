//! A notice to the other nodes that data of a creditor has changed and must be reloaded.

use sea_orm::entity::prelude::*;

use crate::ids::CreditorId;

/// A row of `control_feed`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "control_feed")]
pub struct Model {
    /// Entry number: without gaps, in commit order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    /// `keys`, `limits`, `endpoints` or `disabled_endpoint`.
    pub kind: String,
    /// The creditor whose data changed.
    pub creditor_id: CreditorId,
    /// Time of the change, epoch milliseconds.
    pub at_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
