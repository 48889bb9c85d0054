//! A creditor's account status, derived from its KYB fact and support's suspension.
//!
//! Owns that derivation. What each status permits is said where it is asked: `placement::transition`
//! for actions, `placement::outreach` for outreach. Never stored.

use super::gates::{FactState, FactValue, GateReading};

/// A creditor's account, derived from its KYB fact and support's suspension; stored nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountStatus {
    /// Signed up; the review has not begun.
    PendingSignup,
    /// Under review, or the review's last events contradict each other.
    InReview,
    /// Review complete.
    Verified,
    /// The review ended with a no: reads, recall and payment recording only.
    Rejected,
    /// Suspended by support; wins over everything else.
    Suspended,
}

impl AccountStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [
        Self::PendingSignup,
        Self::InReview,
        Self::Verified,
        Self::Rejected,
        Self::Suspended,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PendingSignup => "pending_signup",
            Self::InReview => "in_review",
            Self::Verified => "verified",
            Self::Rejected => "rejected",
            Self::Suspended => "suspended",
        }
    }

    /// The status of that name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

/// The account status that follows from what is known.
#[must_use]
pub fn account_status(kyb: Option<FactState>, suspended: bool) -> AccountStatus {
    if suspended {
        return AccountStatus::Suspended;
    }
    match kyb.map(|state| state.reading()) {
        None => AccountStatus::PendingSignup,
        Some(GateReading::Confirmed(FactValue::Passed)) => AccountStatus::Verified,
        Some(GateReading::Confirmed(FactValue::Refused)) => AccountStatus::Rejected,
        Some(GateReading::Confirmed(FactValue::Open) | GateReading::Unconfirmed) => {
            AccountStatus::InReview
        }
    }
}
