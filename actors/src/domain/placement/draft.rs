//! Validation of new placements.
//!
//! A [`PlacementDraft`] holds the fields as a caller sent them. A [`NewPlacement`] can be stored.
//! [`validate`] converts one into the other and reports every field error at once. It refuses a
//! consumer debt before any other check: this is a B2B platform, and no consumer data may be stored.
//!
//! Owns which fields are required and how they relate. Never looks anything up: the placement writer
//! refuses duplicates.

use strum::{EnumString, IntoStaticStr, VariantArray};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::super::date;
use super::super::money::Cents;
use super::field;
use super::field::FieldProblem;
use super::field_error::Errors;
pub use crate::domain::field_error::{FieldError, FieldErrorList};

/// The maximum length of `invoice_number`, in characters.
pub const INVOICE_NUMBER_MAX: usize = 64;
/// The maximum length of `company_name`, in characters.
pub const COMPANY_NAME_MAX: usize = 200;
/// The maximum length of `notes`, in characters.
pub const NOTES_MAX: usize = 2_000;
/// The maximum length of `city`, in characters.
pub const CITY_MAX: usize = 100;
/// The maximum length of `external_debtor_ref`, in characters.
pub const EXTERNAL_REF_MAX: usize = 128;

/// A placement as it was sent. An absent field and null are the same. Unknown fields are refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlacementDraft {
    /// A decimal string. Required.
    pub invoice_amount: Option<String>,
    /// The creditor's invoice number, unique per creditor. Required.
    pub invoice_number: Option<String>,
    /// `YYYY-MM-DD`. Required.
    pub invoice_date: Option<String>,
    /// `YYYY-MM-DD`, not before `invoice_date`. Required.
    pub due_date: Option<String>,
    /// `preserve` or `escalate`. The creditor's default if absent.
    pub posture: Option<String>,
    /// Free text.
    pub notes: Option<String>,
    /// Must be null.
    pub callback_url: Option<String>,
    /// The debtor. Required.
    pub debtor: Option<DebtorDraft>,
}

/// A debtor as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DebtorDraft {
    /// The name of the company. Required.
    pub company_name: Option<String>,
    /// E-mail address.
    pub primary_email: Option<String>,
    /// Phone number.
    pub primary_phone: Option<String>,
    /// Domain without scheme or path.
    pub primary_domain: Option<String>,
    /// State, two letters.
    pub state: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Postal code.
    pub zip: Option<String>,
    /// The creditor's reference for the debtor.
    pub external_debtor_ref: Option<String>,
    /// `business`. The value `individual` is refused as a consumer debt.
    pub kind: Option<String>,
}

/// How firmly outreach addresses the debtor.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Posture {
    /// Preserve the business relationship.
    Preserve,
    /// Escalate towards payment.
    Escalate,
}

names!(Posture);

/// A validated placement. Its serialization is canonical: equal placements have equal JSON, and absent fields are left
/// out, so that a new optional field does not change it.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPlacement {
    /// The amount owed, greater than zero.
    pub invoice_amount: Cents,
    /// The creditor's invoice number.
    pub invoice_number: String,
    /// The date of the invoice.
    pub invoice_date: NaiveDate,
    /// The date on which the invoice was due.
    pub due_date: NaiveDate,
    /// `None` means the creditor's default.
    pub posture: Option<Posture>,
    /// Free text.
    pub notes: Option<String>,
    /// The debtor.
    pub debtor: Debtor,
}

/// The company that owes the debt. It has no `kind`, because it is always a business.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Debtor {
    /// The name of the company.
    pub company_name: String,
    /// E-mail address.
    pub primary_email: Option<String>,
    /// Phone number.
    pub primary_phone: Option<String>,
    /// Domain without scheme or path, in lower case.
    pub primary_domain: Option<String>,
    /// State, two letters in upper case.
    pub state: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Postal code.
    pub zip: Option<String>,
    /// The creditor's reference for the debtor.
    pub external_debtor_ref: Option<String>,
}

/// Why a draft is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DraftRejection {
    /// All field errors, at least one.
    #[error("{0}")]
    Fields(FieldErrorList),
    /// The debtor is a person.
    #[error(
        "consumer debts are not accepted: debtor.kind must be business, and nothing of this placement was stored"
    )]
    ConsumerDebt,
}

/// Validates a draft.
///
/// # Errors
/// [`DraftRejection::ConsumerDebt`] before any other check, or [`DraftRejection::Fields`] with all errors.
pub fn validate(draft: &PlacementDraft) -> Result<NewPlacement, DraftRejection> {
    let absent = DebtorDraft::default();
    let debtor = draft.debtor.as_ref().unwrap_or(&absent);
    if is_consumer(debtor) {
        return Err(DraftRejection::ConsumerDebt);
    }
    let mut errors = Errors::default();
    if draft.callback_url.is_some() {
        errors.push("callback_url", FieldProblem::CallbackUrl);
    }
    let debtor = validate_debtor(debtor, &mut errors);
    match validate_invoice(draft, debtor, &mut errors) {
        Some(placement) if errors.0.is_empty() => Ok(placement),
        // Every missing field has its error in the list.
        _ => Err(DraftRejection::Fields(errors.0)),
    }
}

/// Ignores case and surrounding white space, so that no variant of `individual` lets consumer data in.
fn is_consumer(debtor: &DebtorDraft) -> bool {
    let kind = debtor.kind.as_deref().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("individual")
}

/// Validates all fields except the debtor. `None` if a required field is missing or invalid. Pushes
/// every error to `errors`.
fn validate_invoice(
    draft: &PlacementDraft,
    debtor: Option<Debtor>,
    errors: &mut Errors,
) -> Option<NewPlacement> {
    let amount = |text: &str| Ok(Cents::parse(text)?);
    let number = |text: &str| field::identifier(text, INVOICE_NUMBER_MAX);
    let date = |text: &str| Ok(date::parse_date(text)?);
    let free_text = |text: &str| field::prose(text, NOTES_MAX);

    let invoice_amount = errors.required("invoice_amount", &draft.invoice_amount, amount);
    let invoice_number = errors.required("invoice_number", &draft.invoice_number, number);
    let invoice_date = errors.required("invoice_date", &draft.invoice_date, date);
    let due_date = errors.required("due_date", &draft.due_date, date);
    if invoice_date
        .zip(due_date)
        .is_some_and(|(invoiced, due)| due < invoiced)
    {
        errors.push("due_date", FieldProblem::DueBeforeInvoice);
    }
    let posture = errors.choice(
        "posture",
        &draft.posture,
        Posture::parse,
        FieldProblem::Posture,
    );
    let notes = errors.optional("notes", &draft.notes, free_text);

    Some(NewPlacement {
        invoice_amount: invoice_amount?,
        invoice_number: invoice_number?,
        invoice_date: invoice_date?,
        due_date: due_date?,
        posture,
        notes,
        debtor: debtor?,
    })
}

/// Validates the debtor. `None` if the required name is missing or invalid. Pushes every error to
/// `errors`.
fn validate_debtor(draft: &DebtorDraft, errors: &mut Errors) -> Option<Debtor> {
    let name = |text: &str| field::line(text, COMPANY_NAME_MAX);
    let city = |text: &str| field::line(text, CITY_MAX);
    let reference = |text: &str| field::identifier(text, EXTERNAL_REF_MAX);
    let business = |kind: &str| (kind == "business").then_some(());

    let company_name = errors.required("debtor.company_name", &draft.company_name, name);
    let email = errors.optional("debtor.primary_email", &draft.primary_email, field::email);
    let phone = errors.optional("debtor.primary_phone", &draft.primary_phone, field::phone);
    let domain = errors.optional(
        "debtor.primary_domain",
        &draft.primary_domain,
        field::domain,
    );
    let state = errors.optional("debtor.state", &draft.state, field::state);
    let city = errors.optional("debtor.city", &draft.city, city);
    let zip = errors.optional("debtor.zip", &draft.zip, field::zip);
    let sent_ref = &draft.external_debtor_ref;
    let external_debtor_ref = errors.optional("debtor.external_debtor_ref", sent_ref, reference);
    errors.choice("debtor.kind", &draft.kind, business, FieldProblem::Kind);

    Some(Debtor {
        company_name: company_name?,
        primary_email: email,
        primary_phone: phone,
        primary_domain: domain,
        state,
        city,
        zip,
        external_debtor_ref,
    })
}

#[cfg(test)]
#[path = "draft_tests.rs"]
mod tests;
