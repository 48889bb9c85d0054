//! The support API: the company's own people and systems, each under its own name in the audit log.

pub(crate) mod actors;
pub(crate) mod api_key;
pub(crate) mod audit;
pub(crate) mod creditors;
pub(crate) mod disputes;
pub(crate) mod gates;
pub(crate) mod placements;
pub(crate) mod webhook_deliveries;
pub(crate) mod webhook_recoveries;

use crate::extract::{Field, FieldErrors};

/// The longest reason.
const MAX_REASON: usize = 500;

/// Why support does something: always asked for, always in the audit log.
fn reason(errors: &mut FieldErrors, field: Field<String>) -> Option<String> {
    let reason = errors.required("reason", field);
    errors.text("reason", reason, MAX_REASON)
}
