//! A placement: an overdue invoice handed over.

use sea_orm::entity::prelude::*;

use crate::ids::{CreditorId, PlacementId};

/// A row of `placement`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "placement")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PlacementId,
    /// Whose.
    pub creditor_id: CreditorId,
    /// The creditor's number, unique per creditor.
    pub invoice_number: String,
    /// ISO date.
    pub invoice_date: String,
    /// ISO date.
    pub due_date: String,
    /// Invoice amount in cents.
    pub amount_cents: i64,
    /// Recorded payments in cents.
    pub paid_cents: i64,
    /// See `actors::domain::placement`.
    pub status: String,
    /// Paused by the creditor.
    pub paused: bool,
    /// `preserve` or `escalate`.
    pub posture: String,
    /// Free text.
    pub notes: Option<String>,
    /// The debtor.
    pub company_name: String,
    /// Company name and invoice number, folded by [`crate::queries::folded`].
    pub search: String,
    /// E-mail.
    pub primary_email: Option<String>,
    /// Phone.
    pub primary_phone: Option<String>,
    /// Web domain.
    pub primary_domain: Option<String>,
    /// Two-letter state.
    pub state: Option<String>,
    /// City.
    pub city: Option<String>,
    /// ZIP.
    pub zip: Option<String>,
    /// The creditor's id of the debtor.
    pub external_debtor_ref: Option<String>,
    /// Status before the recall.
    pub recalled_from: Option<String>,
    /// When it was recalled.
    pub recalled_ms: Option<i64>,
    /// Who recalled it.
    pub recalled_by: Option<String>,
    /// When it was placed.
    pub placed_ms: i64,
    /// Position of its last change in the feed.
    pub updated_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
