//! Why an action on a placement was refused, by cause.
//!
//! Owns the causes and their messages, which say what to do instead. The HTTP status is the front's.

use super::super::money::Cents;
use super::payment::PaymentRefusal;
use super::status::PlacementStatus;

/// Why an action was refused. The message says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransitionRefusal {
    /// The status does not permit the action.
    #[error(
        "cannot {action} a placement that is {from}: possible only while it is {}",
        names(allowed)
    )]
    InvalidTransition {
        /// Where it stands.
        from: PlacementStatus,
        /// [`super::action::Action::name`].
        action: &'static str,
        /// The statuses in which the action is possible.
        allowed: Vec<PlacementStatus>,
    },
    /// Operations reported a status that does not follow.
    #[error(
        "cannot move a placement from {from} to {to}: {}",
        move_advice(allowed)
    )]
    InvalidMove {
        /// Where it stands.
        from: PlacementStatus,
        /// Where it was to go.
        to: PlacementStatus,
        /// Where it may go.
        allowed: Vec<PlacementStatus>,
    },
    /// A dispute is denied only with an answer on record.
    #[error(
        "a dispute can be denied only with an answer to the debtor on record: have the answer recorded first, or resolve it \
         as upheld or withdrawn"
    )]
    AnswerRequired,
    /// More than what is owed.
    #[error(
        "the payment is more than the balance of {balance}: record at most that, or amend the amount first"
    )]
    Overpayment {
        /// What is owed.
        balance: Cents,
    },
    /// An amount of zero or less.
    #[error("an amount must be greater than zero")]
    NotPositive,
    /// Support has suspended the account.
    #[error(
        "the account is suspended: reads, recall and payment recording still work; contact support to lift it"
    )]
    AccountSuspended,
    /// The business verification ended with a no.
    #[error(
        "the account is rejected: only reads, recall and payment recording work; contact support"
    )]
    AccountRejected,
    /// Recalled more than 7 days ago.
    #[error(
        "a recall can be undone within 7 days, and they are over: place the invoice again under another number"
    )]
    RecallWindowOver,
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
        format!("allowed are {}", names(allowed))
    }
}

impl From<PaymentRefusal> for TransitionRefusal {
    fn from(refusal: PaymentRefusal) -> Self {
        match refusal {
            PaymentRefusal::Overpayment { balance } => Self::Overpayment { balance },
            PaymentRefusal::NotPositive => Self::NotPositive,
        }
    }
}
