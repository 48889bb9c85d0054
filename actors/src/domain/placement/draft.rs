//! What is accepted as a new placement.
//!
//! A [`PlacementDraft`] is what a caller sent, field by field still text; a [`NewPlacement`] is
//! what the ledger may write. Between them stands [`validate`], which reports every field error at
//! once. A consumer debt is refused before anything else is looked at: this is a B2B platform, and
//! nothing of it may be stored.
//!
//! Owns which fields are required and how they relate. Never looks anything up: duplicates are the
//! ledger's to refuse.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::super::date;
use super::super::money::Cents;
use super::field;
use super::field::FieldProblem;
use super::field_error::Errors;
pub use crate::domain::field_error::{FieldError, FieldErrorList};

/// The longest `invoice_number`, characters.
pub const INVOICE_NUMBER_MAX: usize = 64;
/// The longest `company_name`, characters.
pub const COMPANY_NAME_MAX: usize = 200;
/// The longest `notes`, characters.
pub const NOTES_MAX: usize = 2_000;
/// The longest `city`, characters.
pub const CITY_MAX: usize = 100;
/// The longest `external_debtor_ref`, characters.
pub const EXTERNAL_REF_MAX: usize = 128;

/// A placement as it was sent; absent and null are the same. Unknown fields are refused, so that
/// nothing slips in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlacementDraft {
    /// Decimal string; required.
    pub invoice_amount: Option<String>,
    /// The creditor's own number, unique per creditor; required.
    pub invoice_number: Option<String>,
    /// `YYYY-MM-DD`; required.
    pub invoice_date: Option<String>,
    /// `YYYY-MM-DD`, not before `invoice_date`; required.
    pub due_date: Option<String>,
    /// `preserve` or `escalate`; absent: the creditor's default.
    pub posture: Option<String>,
    /// Free text.
    pub notes: Option<String>,
    /// Must be null.
    pub callback_url: Option<String>,
    /// Who owes.
    pub debtor: Option<DebtorDraft>,
}

/// A debtor as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DebtorDraft {
    /// Required.
    pub company_name: Option<String>,
    /// E-mail address.
    pub primary_email: Option<String>,
    /// Phone number.
    pub primary_phone: Option<String>,
    /// Bare domain.
    pub primary_domain: Option<String>,
    /// Two letters.
    pub state: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Postal code.
    pub zip: Option<String>,
    /// The creditor's own reference.
    pub external_debtor_ref: Option<String>,
    /// `business`; `individual` is refused as a consumer debt.
    pub kind: Option<String>,
}

/// How firmly outreach is led.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Posture {
    /// Preserve the business relationship.
    Preserve,
    /// Escalate.
    Escalate,
}

impl Posture {
    /// Every posture.
    pub const ALL: [Self; 2] = [Self::Preserve, Self::Escalate];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Preserve => "preserve",
            Self::Escalate => "escalate",
        }
    }

    /// The posture of that name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|posture| posture.as_str() == name)
    }
}

/// A placement that may be written. Its serialization is canonical: the same placement gives the
/// same JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPlacement {
    /// What is owed.
    pub invoice_amount: Cents,
    /// The creditor's own number.
    pub invoice_number: String,
    /// When it was invoiced.
    pub invoice_date: NaiveDate,
    /// When it was due.
    pub due_date: NaiveDate,
    /// `None`: the creditor's default.
    pub posture: Option<Posture>,
    /// Free text.
    pub notes: Option<String>,
    /// Who owes.
    pub debtor: Debtor,
}

/// The company that owes. There is no `kind`: it is always a business.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Debtor {
    /// Its name.
    pub company_name: String,
    /// E-mail address.
    pub primary_email: Option<String>,
    /// Phone number.
    pub primary_phone: Option<String>,
    /// Bare domain, lower case.
    pub primary_domain: Option<String>,
    /// Two letters, upper case.
    pub state: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Postal code.
    pub zip: Option<String>,
    /// The creditor's own reference.
    pub external_debtor_ref: Option<String>,
}

/// Why a draft was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DraftRefusal {
    /// Every field error there is, at least one.
    #[error("{0}")]
    Fields(FieldErrorList),
    /// The debtor is a person.
    #[error(
        "consumer debts are not accepted: debtor.kind must be business, and nothing of this placement was stored"
    )]
    ConsumerDebt,
}

/// Judges a draft.
///
/// # Errors
/// [`DraftRefusal::ConsumerDebt`] before all else, or [`DraftRefusal::Fields`] with every error.
pub fn validate(draft: &PlacementDraft) -> Result<NewPlacement, DraftRefusal> {
    let absent = DebtorDraft::default();
    let debtor = draft.debtor.as_ref().unwrap_or(&absent);
    if is_consumer(debtor) {
        return Err(DraftRefusal::ConsumerDebt);
    }
    let mut errors = Errors::default();
    if draft.callback_url.is_some() {
        errors.push("callback_url", FieldProblem::CallbackUrl);
    }
    let debtor = validate_debtor(debtor, &mut errors);
    match validate_invoice(draft, debtor, &mut errors) {
        Some(placement) if errors.0.is_empty() => Ok(placement),
        // Whatever is missing has its error in the list.
        _ => Err(DraftRefusal::Fields(errors.0)),
    }
}

/// In any spelling: a person's data must not be stored because of a capital letter.
fn is_consumer(debtor: &DebtorDraft) -> bool {
    let kind = debtor.kind.as_deref().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("individual")
}

/// All but the debtor. `None` exactly when something required is not there; other problems are in
/// `errors`.
fn validate_invoice(
    draft: &PlacementDraft,
    debtor: Option<Debtor>,
    errors: &mut Errors,
) -> Option<NewPlacement> {
    let amount = |text: &str| Ok(Cents::parse(text)?);
    let number = |text: &str| field::line(text, INVOICE_NUMBER_MAX);
    let date = |text: &str| Ok(date::parse_date(text)?);
    let free_text = |text: &str| field::text(text, NOTES_MAX);

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

/// `None` exactly when the required name is not there; other problems are in `errors`.
fn validate_debtor(draft: &DebtorDraft, errors: &mut Errors) -> Option<Debtor> {
    let name = |text: &str| field::line(text, COMPANY_NAME_MAX);
    let city = |text: &str| field::line(text, CITY_MAX);
    let reference = |text: &str| field::line(text, EXTERNAL_REF_MAX);
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
