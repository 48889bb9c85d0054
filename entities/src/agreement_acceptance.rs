//! An acceptance of the Master Services Agreement by a creditor.

use sea_orm::entity::prelude::*;

use crate::ids::{AcceptanceId, CreditorId};

/// A row of `agreement_acceptance`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "agreement_acceptance")]
pub struct Model {
    /// UUID v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AcceptanceId,
    /// Owning creditor.
    pub creditor_id: CreditorId,
    /// Version of the agreement text.
    pub version: String,
    /// Name of the person who signed.
    pub signatory_name: String,
    /// `dashboard` or `docusign`.
    pub source: String,
    /// Acceptance time, epoch milliseconds.
    pub accepted_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
