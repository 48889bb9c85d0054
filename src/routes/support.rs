//! The support API for staff and internal systems. The audit log names the support token that each change was made
//! with.

pub(crate) mod actors;
pub(crate) mod api_key;
pub(crate) mod audit;
pub(crate) mod creditors;
pub(crate) mod disputes;
pub(crate) mod gates;
pub(crate) mod placements;
pub(crate) mod webhook_deliveries;
pub(crate) mod webhook_recoveries;

use crate::extract::FieldErrors;

/// The maximum length of a reason.
const MAX_REASON: usize = 500;

/// Validates the reason of a change. It goes to the audit log.
fn reason(errors: &mut FieldErrors, reason: Option<String>) -> Option<String> {
    errors.prose("reason", reason, MAX_REASON)
}
