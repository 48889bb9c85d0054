//! What a Writer is asked to do, and what it answers.

use entities::ids::{CreditorId, PlacementId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::contract::{
    ApiError, BatchPlaced, BatchRowError, DisputeView, IdempotencyKey, PaymentRecorded,
    PlacementView, Replayable,
};
use crate::domain::fingerprint::request_fingerprint;
use crate::domain::money::Cents;
use crate::domain::placement::draft::NewPlacement;
use crate::domain::placement::status::PlacementStatus;
use crate::domain::trace_context::TraceContext;

/// One row of a batch.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BatchEntry<N> {
    /// Well-formed.
    Place(N),
    /// Refused before it came here; kept, so that the whole answer is stored and replayed.
    Refuse(BatchRowError),
}

/// A change that somebody wants, on behalf of one creditor.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub(crate) creditor: CreditorId,
    /// Who: a key's prefix, `session`, a support actor, `simulator`.
    pub(crate) actor: String,
    pub(crate) operation: Operation,
    pub(crate) idempotency: Option<Idempotency>,
    /// The trace of the request that wants it.
    pub(crate) trace: Option<TraceContext>,
}

/// The key under which a command is done once, and the request that it was used for. Whoever asks makes it, because while a
/// Writer hashes the database waits.
#[derive(Debug, Clone)]
pub(crate) struct Idempotency {
    pub(super) key: IdempotencyKey,
    /// What makes two requests the same one.
    pub(super) fingerprint: [u8; 32],
}

impl Idempotency {
    /// `key`, used for `operation`.
    pub(crate) fn new(key: IdempotencyKey, operation: &Operation) -> Self {
        let canonical = serde_json::to_vec(operation).unwrap_or_default();
        Self {
            key,
            fingerprint: request_fingerprint(operation.name(), &canonical),
        }
    }
}

/// The change itself.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "operation", rename_all = "snake_case")]
pub(crate) enum Operation {
    Place {
        new: Box<NewPlacement>,
    },
    /// Many of them, each on its own.
    BatchCreate {
        rows: Vec<BatchEntry<NewPlacement>>,
    },
    Recall {
        placement: PlacementId,
    },
    Unrecall {
        placement: PlacementId,
    },
    Pause {
        placement: PlacementId,
    },
    Resume {
        placement: PlacementId,
    },
    RecordPayment {
        placement: PlacementId,
        amount: Cents,
    },
    /// Operations report a status.
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
        dispute: Uuid,
        text: String,
    },
}

impl Operation {
    /// The name under which its answer is stored.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Place { .. } => "place",
            Self::BatchCreate { .. } => "batch_create",
            Self::Recall { .. } => "recall",
            Self::Unrecall { .. } => "unrecall",
            Self::Pause { .. } => "pause",
            Self::Resume { .. } => "resume",
            Self::RecordPayment { .. } => "record_payment",
            Self::Move { .. } => "move",
            Self::OpenDispute { .. } => "open_dispute",
            Self::AnswerDispute { .. } => "answer_dispute",
        }
    }

    /// How much of a batch it takes: the placements that it may write.
    pub(crate) fn rows(&self) -> usize {
        match self {
            Self::BatchCreate { rows } => rows.len().max(1),
            _ => 1,
        }
    }

    /// The placement that it names, if any.
    pub(crate) fn placement(&self) -> Option<PlacementId> {
        match self {
            Self::Place { .. } | Self::BatchCreate { .. } | Self::AnswerDispute { .. } => None,
            Self::Recall { placement }
            | Self::Unrecall { placement }
            | Self::Pause { placement }
            | Self::Resume { placement }
            | Self::RecordPayment { placement, .. }
            | Self::Move { placement, .. }
            | Self::OpenDispute { placement, .. } => Some(*placement),
        }
    }
}

/// The typed outcome: what is stored for replay and rendered again.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CommandOutcome {
    Placement(Box<PlacementView>),
    Payment(PaymentRecorded),
    Dispute(DisputeView),
    Batch(BatchPlaced),
}

/// What a Writer answers to one command.
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
