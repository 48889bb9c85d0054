//! Routes of recoveries: background jobs that send undelivered events again.

pub(crate) mod create;
pub(crate) mod show;

use actors::RecoveryPeriod;
use actors::domain::date;

use crate::extract::FieldErrors;

/// Validates the period, which the creditor's request and the support request have in common.
pub(super) fn span(
    errors: &mut FieldErrors,
    since: Option<String>,
    until: Option<String>,
) -> Option<RecoveryPeriod> {
    let since = errors.check("since", since, |text| date::parse_instant(&text));
    let until_ms = errors.check("until", until, |text| date::parse_instant(&text));
    let since_ms = since?;
    errors.check("until", until_ms, |until_ms| match until_ms > since_ms {
        true => Ok(()),
        false => Err("must be after since"),
    });
    Some(RecoveryPeriod { since_ms, until_ms })
}
