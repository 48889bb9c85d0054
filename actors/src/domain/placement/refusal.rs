//! The reasons for refusing an action on a placement.
//!
//! Owns the reasons and their messages. Never chooses the HTTP status: the front does.

use super::super::money::Cents;
use super::payment::PaymentRejection;
use super::status::PlacementStatus;

/// Why an action is refused. The message states what to do instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransitionRejection {
    /// The status does not permit the action.
    #[error(
        "cannot {action} a placement that is {from}: possible only while it is {}",
        names(allowed)
    )]
    InvalidTransition {
        /// The current status.
        from: PlacementStatus,
        /// The action, from [`super::action::Action::name`].
        action: &'static str,
        /// The statuses in which the action is possible.
        allowed: Vec<PlacementStatus>,
    },
    /// Operations reported a status that cannot follow the current one.
    #[error(
        "cannot move a placement from {from} to {to}: {}",
        move_advice(allowed)
    )]
    InvalidMove {
        /// The current status.
        from: PlacementStatus,
        /// The reported status.
        to: PlacementStatus,
        /// The statuses that can follow.
        allowed: Vec<PlacementStatus>,
    },
    /// A dispute can be denied only with an answer on record.
    #[error(
        "a dispute can be denied only with an answer to the debtor on record: have the answer recorded first, or resolve it \
         as upheld or withdrawn"
    )]
    AnswerRequired,
    /// The payment exceeds the balance.
    #[error(
        "the payment is more than the balance of {balance}: record at most that, or amend the amount first"
    )]
    Overpayment {
        /// The balance, the amount still owed.
        balance: Cents,
    },
    /// The amount is zero or negative.
    #[error("an amount must be greater than zero")]
    NotPositive,
    /// Support has suspended the account.
    #[error(
        "the account is suspended: reads, recall and payment recording still work; contact support"
    )]
    AccountSuspended,
    /// The business verification was rejected.
    #[error(
        "the account is rejected: only reads, recall and payment recording work; contact support"
    )]
    AccountRejected,
    /// The placement was recalled more than 7 days ago.
    #[error(
        "the 7 days for undoing a recall are over: place the invoice again under another number"
    )]
    RecallWindowExpired,
    /// The recall on record is not the creditor's own.
    #[error("only the creditor's own recall can be undone: contact support")]
    NotOwnRecall,
}

fn names(statuses: &[PlacementStatus]) -> String {
    statuses
        .iter()
        .map(|status| status.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

fn move_advice(allowed: &[PlacementStatus]) -> String {
    if allowed.is_empty() {
        "it is closed".to_owned()
    } else {
        format!("the allowed statuses are {}", names(allowed))
    }
}

impl From<PaymentRejection> for TransitionRejection {
    fn from(refusal: PaymentRejection) -> Self {
        match refusal {
            PaymentRejection::Overpayment { balance } => Self::Overpayment { balance },
            PaymentRejection::NotPositive => Self::NotPositive,
        }
    }
}
