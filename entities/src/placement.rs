//! A placement: an overdue invoice that a creditor has handed over for collection.

use sea_orm::entity::prelude::*;

use crate::ids::{CreditorId, PlacementId};

crate::text_enums! {
    /// The stored form of `actors::domain::placement::PlacementStatus`, which explains the values.
    #[expect(missing_docs, reason = "explained where the domain defines them")]
    pub enum StoredStatus {
        PendingEnrichment,
        Ready,
        InOutreach,
        Disputed,
        Paid,
        Recalled,
        Resolved,
        ResolvedOutOfBand,
        WithdrawnByCreditor,
    }

    /// The stored form of `actors::domain::placement::draft::Posture`.
    pub enum StoredPosture {
        /// Preserve the business relationship.
        Preserve,
        /// Escalate towards payment.
        Escalate,
    }
}

/// A row of `placement`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "placement")]
pub struct Model {
    /// UUID v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PlacementId,
    /// Owning creditor.
    pub creditor_id: CreditorId,
    /// The creditor's invoice number, unique per creditor.
    pub invoice_number: String,
    /// Invoice date, `YYYY-MM-DD`.
    pub invoice_date: String,
    /// Due date, `YYYY-MM-DD`.
    pub due_date: String,
    /// Invoice amount in cents.
    pub amount_cents: i64,
    /// Sum of the recorded payments in cents.
    pub paid_cents: i64,
    /// Status.
    pub status: StoredStatus,
    /// Whether the creditor has paused collection.
    pub paused: bool,
    /// How the debtor is treated.
    pub posture: StoredPosture,
    /// The creditor's notes.
    pub notes: Option<String>,
    /// Company name of the debtor.
    pub company_name: String,
    /// Company name and invoice number, folded by [`crate::queries::fold_case`].
    pub search: String,
    /// E-mail address of the debtor.
    pub primary_email: Option<String>,
    /// Phone number of the debtor.
    pub primary_phone: Option<String>,
    /// Web domain of the debtor.
    pub primary_domain: Option<String>,
    /// State of the debtor's address, two letters.
    pub state: Option<String>,
    /// City of the debtor's address.
    pub city: Option<String>,
    /// ZIP code of the debtor's address.
    pub zip: Option<String>,
    /// The creditor's own id of the debtor.
    pub external_debtor_ref: Option<String>,
    /// Status before the recall; absent unless recalled.
    pub recalled_from: Option<StoredStatus>,
    /// When the placement was recalled, epoch milliseconds.
    pub recalled_ms: Option<i64>,
    /// Who recalled it.
    pub recalled_by: Option<String>,
    /// When the invoice was placed, epoch milliseconds.
    pub placed_ms: i64,
    /// Time of the last change, epoch milliseconds; unique per creditor and increasing, so it orders the change feed.
    pub updated_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
