//! Whether the debtor may be contacted.
//!
//! The decision is derived from the account status, the pause flag and the placement's status. It is
//! never stored, so a dispute, a recall, a full payment, a pause or a suspension stops outreach at
//! once. Contacting a debtor who has paid is the worst possible failure, so outreach is refused
//! unless every condition permits it.

use super::super::account::AccountStatus;
use super::status::PlacementStatus;

/// Whether outreach may run, and the reason if it may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutreachDecision {
    /// Whether the debtor may be contacted.
    pub allowed: bool,
    /// One of [`REASONS`], exactly when `allowed` is false.
    pub reason: Option<&'static str>,
}

/// Every reason with its explanation for the creditor.
pub const REASONS: [(&str, &str); 12] = [
    (
        "account_suspended",
        "the creditor's account is suspended; contact support",
    ),
    (
        "account_rejected",
        "the creditor's business verification was rejected",
    ),
    (
        "account_not_verified",
        "the creditor's business verification is not complete",
    ),
    ("paid", "the placement is paid in full"),
    ("recalled", "the creditor has recalled the placement"),
    ("resolved", "the placement is resolved"),
    (
        "resolved_out_of_band",
        "the placement was settled between creditor and debtor",
    ),
    (
        "withdrawn_by_creditor",
        "the creditor has withdrawn the placement",
    ),
    (
        "disputed",
        "the debtor disputes the debt; resolve the dispute first",
    ),
    (
        "paused",
        "outreach is paused; resume the placement to continue",
    ),
    (
        "pending_enrichment",
        "the debtor's data is still being completed",
    ),
    ("not_started", "outreach has not started yet"),
];

/// Decides whether outreach may run. If several reasons apply, the account's takes precedence, then
/// the status's, then the pause.
#[must_use]
pub fn decide(account: AccountStatus, paused: bool, status: PlacementStatus) -> OutreachDecision {
    let reason = account_reason(account)
        .or_else(|| status_reason(status))
        .or_else(|| paused.then_some("paused"));
    OutreachDecision {
        allowed: reason.is_none(),
        reason,
    }
}

/// The reason why no placement of the account may have outreach, if there is one. The settings show
/// it as `outreach_blocked_reason`.
#[must_use]
pub fn account_reason(account: AccountStatus) -> Option<&'static str> {
    match account {
        AccountStatus::Verified => None,
        AccountStatus::Suspended => Some("account_suspended"),
        AccountStatus::Rejected => Some("account_rejected"),
        AccountStatus::PendingSignup | AccountStatus::InReview => Some("account_not_verified"),
    }
}

/// Returns the explanation of a reason for the creditor.
#[must_use]
pub fn explain(reason: &str) -> &'static str {
    let known = REASONS.into_iter().find(|(code, _)| *code == reason);
    known.map_or("the reason is not known", |(_, text)| text)
}

fn status_reason(status: PlacementStatus) -> Option<&'static str> {
    match status {
        PlacementStatus::InOutreach => None,
        PlacementStatus::Ready => Some("not_started"),
        other => Some(other.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outreach_requires_verified_account_in_outreach_not_paused() {
        for account in AccountStatus::ALL {
            for paused in [false, true] {
                for status in PlacementStatus::ALL {
                    let decision = decide(account, paused, status);
                    let clear = account == AccountStatus::Verified
                        && !paused
                        && status == PlacementStatus::InOutreach;
                    assert_eq!(decision.allowed, clear);
                    assert_eq!(decision.reason.is_none(), clear);
                    if let Some(reason) = decision.reason {
                        assert!(REASONS.iter().any(|(code, _)| *code == reason), "{reason}");
                        assert_ne!(explain(reason), explain("?"));
                    }
                }
            }
        }
    }

    #[test]
    fn account_reason_precedes_status_and_pause() {
        let reason = |account, paused, status| decide(account, paused, status).reason;
        let disputed = PlacementStatus::Disputed;
        assert_eq!(
            reason(AccountStatus::Suspended, true, disputed),
            Some("account_suspended")
        );
        assert_eq!(
            reason(AccountStatus::Verified, true, disputed),
            Some("disputed")
        );
        assert_eq!(
            reason(AccountStatus::Verified, true, PlacementStatus::InOutreach),
            Some("paused")
        );
    }
}
