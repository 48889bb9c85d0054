//! An acceptance of the Master Services Agreement.

use sea_orm::entity::prelude::*;

use crate::ids::CreditorId;

/// A row of `agreement_acceptance`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "agreement_acceptance")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub creditor_id: CreditorId,
    /// Which version.
    pub version: String,
    /// Who signed.
    pub signatory_name: String,
    /// `dashboard` or `docusign`.
    pub source: String,
    /// When.
    pub accepted_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
