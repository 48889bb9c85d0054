//! The commands that a Writer executes, and their outcomes.

use entities::ids::{CreditorId, DisputeId, PlacementId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::contract::{
    ApiError, BatchPlaced, BatchRowError, DisputeView, IdempotencyKey, PaymentRecorded,
    PlacementView, Replayable,
};
use crate::creditor::Idempotency;
use crate::domain::money::Cents;
use crate::domain::placement::creditor_action::CreditorAction;
use crate::domain::placement::draft::NewPlacement;
use crate::domain::placement::status::PlacementStatus;
use crate::domain::trace_context::TraceContext;

/// One row of a batch command.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BatchEntry<N> {
    /// A well-formed row.
    Place(N),
    /// A row that failed validation. It stays in the command, so that the complete answer is stored for replay.
    Refuse(BatchRowError),
}

/// A requested change to the placements of one creditor.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub(crate) creditor: CreditorId,
    /// The actor in history and audit log: a key's prefix, `session`, a support actor or `simulator`.
    pub(crate) actor: String,
    pub(crate) operation: Operation,
    pub(crate) idempotency: Option<Idempotency>,
    /// The trace of the request.
    pub(crate) trace: Option<TraceContext>,
}

/// The operation of a command.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "operation", rename_all = "snake_case")]
pub(crate) enum Operation {
    Place {
        new: Box<NewPlacement>,
    },
    /// Places many invoices, each row individually.
    BatchCreate {
        rows: Vec<BatchEntry<NewPlacement>>,
    },
    /// An action of the creditor that needs no input.
    #[serde(skip)]
    Act {
        placement: PlacementId,
        action: CreditorAction,
    },
    RecordPayment {
        placement: PlacementId,
        amount: Cents,
    },
    /// Sets a status that operations report.
    Move {
        placement: PlacementId,
        to: PlacementStatus,
        reason: Option<String>,
    },
    OpenDispute {
        placement: PlacementId,
        reason: String,
    },
    AnswerDispute {
        dispute: DisputeId,
        text: String,
    },
}

impl Operation {
    /// The name that a stored answer carries.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Place { .. } => "place",
            Self::BatchCreate { .. } => "batch_create",
            Self::Act { action, .. } => action.rule().name,
            Self::RecordPayment { .. } => "record_payment",
            Self::Move { .. } => "move",
            Self::OpenDispute { .. } => "open_dispute",
            Self::AnswerDispute { .. } => "answer_dispute",
        }
    }

    /// The request of this operation under `key`.
    pub(crate) fn idempotent(&self, key: IdempotencyKey) -> Idempotency {
        Idempotency::new(key, self.name(), &self.canonical())
    }

    /// The operation and its content as JSON, for the fingerprint. Stored fingerprints must match after an upgrade, so
    /// the JSON of an operation never changes after the first release.
    fn canonical(&self) -> Vec<u8> {
        let json = match self {
            Self::Act { placement, action } => {
                let named = json!({"operation": action.rule().name, "placement": placement});
                serde_json::to_vec(&named)
            }
            other => serde_json::to_vec(other),
        };
        json.unwrap_or_default()
    }

    /// Number of placements that the operation may write. It counts towards the size of a batch.
    pub(crate) fn rows(&self) -> usize {
        match self {
            Self::BatchCreate { rows } => rows.len().max(1),
            _ => 1,
        }
    }

    /// The existing placement that the operation names, if any.
    pub(crate) fn placement(&self) -> Option<PlacementId> {
        match self {
            Self::Place { .. } | Self::BatchCreate { .. } | Self::AnswerDispute { .. } => None,
            Self::Act { placement, .. }
            | Self::RecordPayment { placement, .. }
            | Self::Move { placement, .. }
            | Self::OpenDispute { placement, .. } => Some(*placement),
        }
    }
}

/// The outcome of a command. It is stored as JSON for replay.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CommandOutcome {
    Placement(Box<PlacementView>),
    Payment(PaymentRecorded),
    Dispute(DisputeView),
    Batch(BatchPlaced),
}

/// A Writer's answer to one command.
pub(crate) type CommandAnswer = Result<Replayable<CommandOutcome>, ApiError>;

impl CommandOutcome {
    pub(crate) fn into_placement(self) -> Result<PlacementView, ApiError> {
        match self {
            Self::Placement(view) => Ok(*view),
            _ => Err(ApiError::Internal),
        }
    }

    pub(crate) fn into_payment(self) -> Result<PaymentRecorded, ApiError> {
        match self {
            Self::Payment(view) => Ok(view),
            _ => Err(ApiError::Internal),
        }
    }

    pub(crate) fn into_batch(self) -> Result<BatchPlaced, ApiError> {
        match self {
            Self::Batch(view) => Ok(view),
            _ => Err(ApiError::Internal),
        }
    }

    pub(crate) fn into_dispute(self) -> Result<DisputeView, ApiError> {
        match self {
            Self::Dispute(view) => Ok(view),
            _ => Err(ApiError::Internal),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    /// A fingerprint that changes turns the retry of a request from before an upgrade into a conflict.
    #[test]
    fn json_for_the_fingerprint_never_changes() {
        let id = Uuid::from_u128(7);
        let placement = PlacementId(id);
        let json = |operation: Operation| String::from_utf8(operation.canonical()).unwrap();
        for &action in CreditorAction::ALL {
            let name = action.rule().name;
            assert_eq!(
                json(Operation::Act { placement, action }),
                format!(r#"{{"operation":"{name}","placement":"{id}"}}"#)
            );
        }
        let amount = Cents::from_raw(250_050);
        assert_eq!(
            json(Operation::RecordPayment { placement, amount }),
            format!(r#"{{"operation":"record_payment","placement":"{id}","amount":"2500.50"}}"#)
        );
        assert_eq!(
            json(Operation::Move {
                placement,
                to: PlacementStatus::InOutreach,
                reason: None
            }),
            format!(
                r#"{{"operation":"move","placement":"{id}","to":"in_outreach","reason":null}}"#
            )
        );
        assert_eq!(
            json(Operation::BatchCreate { rows: Vec::new() }),
            r#"{"operation":"batch_create","rows":[]}"#
        );
    }
}
