//! What one node tells the others: something of a creditor changed, look again.

use sea_orm::entity::prelude::*;

use crate::ids::CreditorId;

/// A row of `control_feed`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "control_feed")]
pub struct Model {
    /// Without a gap, in the order of commits.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    /// `keys`, `limits`, `endpoints` or `disabled_endpoint`.
    pub kind: String,
    /// Whose.
    pub creditor_id: CreditorId,
    /// When.
    pub at_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
