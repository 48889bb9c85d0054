//! Account status of a creditor, derived from its KYB fact and the suspension flag.
//!
//! Owns the derivation. Never stores the status and never decides what it permits:
//! `placement::transition` decides that for actions, `placement::outreach` for outreach.

use strum::{EnumString, IntoStaticStr, VariantArray};

use super::gates::{FactState, FactValue, GateReading};

/// Account status of a creditor. It is derived on each use and never stored.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum AccountStatus {
    /// Signed up. The review has not begun.
    PendingSignup,
    /// Under review, or the latest review events contradict each other.
    InReview,
    /// The review is complete.
    Verified,
    /// The review failed. Only reads, recall and payment recording are permitted.
    Rejected,
    /// Suspended by support. Takes precedence over every other status.
    Suspended,
}

names!(AccountStatus);

/// Derives the account status. `kyb` is `None` before the first KYB fact.
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
