//! The gate evaluator: every fact about a gate passes through it.
//!
//! It owns the sweep, which issues keys that a crash left unissued. It never orders facts: each fact is applied under
//! its creditor's lock in the database, so facts from several nodes are serialized there. The permits of [`Creditors`]
//! bound how many transactions are open.

use std::sync::Arc;
use std::time::Duration;

use entities::ids::CreditorId;
use entities::queries::onboarding;
use ractor::{ActorProcessingErr, RpcReplyPort};

use super::provider_event::ProviderEvent;
use super::{agreement, provider_events, support_operations};
use crate::contract::{AcceptAgreement, ApiError, CreditorPatch, ProviderOutcome};
use crate::creditor::{CreditorTransaction, Creditors, gates_from};
use crate::domain::gates::Gate;
use crate::supervision::{Actor, ActorHandle, PeriodicTask};

const SWEEP_INTERVAL: Duration = Duration::from_secs(30);
const SWEEP_PAGE: u64 = 500;

/// Messages of the [`GateEvaluator`].
#[derive(Debug)]
pub(crate) enum EvaluatorMsg {
    /// Applies a provider event. Its signature is already verified.
    ProviderEvent {
        event: Box<ProviderEvent>,
        reply: RpcReplyPort<Result<ProviderOutcome, ApiError>>,
    },
    /// Accepts the agreement on behalf of a creditor.
    AcceptAgreement {
        creditor: CreditorId,
        actor: String,
        request: AcceptAgreement,
        reply: RpcReplyPort<Result<(), ApiError>>,
    },
    /// Sets a gate on behalf of support.
    SetGate {
        creditor: CreditorId,
        actor: String,
        gate: Gate,
        passed: bool,
        reason: String,
        reply: RpcReplyPort<Result<(), ApiError>>,
    },
    /// Changes an account on behalf of support.
    PatchCreditor {
        creditor: CreditorId,
        actor: String,
        patch: Box<CreditorPatch>,
        reply: RpcReplyPort<Result<(), ApiError>>,
    },
    /// Looks for eligible creditors without a key. The actor sends it to itself.
    Sweep,
    /// The sweep has ended.
    SweepFinished,
}

/// The actor that applies facts to gates and issues the key when all gates have passed.
pub(crate) struct GateEvaluator {
    creditors: Arc<Creditors>,
    sweeping: PeriodicTask<EvaluatorMsg>,
}

impl Actor for GateEvaluator {
    type Msg = EvaluatorMsg;

    /// Sweeps at startup, so that keys that a crash left unissued do not wait for the first interval.
    async fn pre_start(&mut self) -> Result<(), ActorProcessingErr> {
        self.sweeping.begin(EvaluatorMsg::Sweep)
    }

    async fn handle(&mut self, message: EvaluatorMsg) -> Result<(), ActorProcessingErr> {
        match message {
            EvaluatorMsg::ProviderEvent { event, reply } => self
                .work(reply, move |creditors| async move {
                    provider_events::record(&creditors, &event).await
                }),
            EvaluatorMsg::AcceptAgreement {
                creditor,
                actor,
                request,
                reply,
            } => {
                self.work(reply, move |creditors| async move {
                    agreement::accept(&creditors, creditor, &actor, &request).await
                });
            }
            EvaluatorMsg::SetGate {
                creditor,
                actor,
                gate,
                passed,
                reason,
                reply,
            } => {
                self.work(reply, move |creditors| async move {
                    support_operations::set_gate(
                        &creditors, creditor, &actor, gate, passed, &reason,
                    )
                    .await
                });
            }
            EvaluatorMsg::PatchCreditor {
                creditor,
                actor,
                patch,
                reply,
            } => {
                self.work(reply, move |creditors| async move {
                    support_operations::patch(&creditors, creditor, &actor, &patch).await
                });
            }
            EvaluatorMsg::Sweep => self.sweep(),
            EvaluatorMsg::SweepFinished => {
                self.sweeping
                    .reschedule(SWEEP_INTERVAL, EvaluatorMsg::Sweep);
            }
        }
        Ok(())
    }
}

impl GateEvaluator {
    pub(super) fn new(creditors: Arc<Creditors>, me: &ActorHandle<EvaluatorMsg>) -> Self {
        Self {
            creditors,
            sweeping: PeriodicTask::new(me),
        }
    }

    /// Runs `work` in a task and replies from there, so that the mailbox does not wait. Permits bound how many
    /// transactions are open.
    fn work<T, F, W>(&self, reply: RpcReplyPort<Result<T, ApiError>>, work: F)
    where
        T: Send + 'static,
        F: FnOnce(Arc<Creditors>) -> W + Send + 'static,
        W: Future<Output = Result<T, ApiError>> + Send,
    {
        let creditors = Arc::clone(&self.creditors);
        tokio::spawn(async move {
            let _ = reply.send(work(creditors).await);
        });
    }

    fn sweep(&mut self) {
        let creditors = Arc::clone(&self.creditors);
        self.sweeping
            .spawn(EvaluatorMsg::SweepFinished, async move {
                if let Err(error) = sweep(&creditors).await {
                    tracing::warn!(%error, "the sweep for creditors without a key failed");
                }
                EvaluatorMsg::SweepFinished
            });
    }
}

/// Visits every creditor that may lack a key and commits a transaction for those that are eligible.
/// The commit issues the key.
async fn sweep(creditors: &Creditors) -> Result<(), ApiError> {
    let mut after = CreditorId(uuid::Uuid::nil());
    loop {
        let page =
            onboarding::issue_candidates(creditors.env.db.reader(), after, SWEEP_PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = *last;
        let rows = onboarding::gates_of(creditors.env.db.reader(), &page).await?;
        for creditor in page {
            let own = rows.iter().filter(|row| row.creditor_id == creditor);
            if gates_from(own).all_passed() {
                issue_missing_key(creditors, creditor).await?;
            }
        }
    }
}

async fn issue_missing_key(creditors: &Creditors, creditor: CreditorId) -> Result<(), ApiError> {
    let Some(transaction) = CreditorTransaction::begin_if_known(creditors, creditor).await? else {
        return Ok(());
    };
    if transaction.commit().await? {
        // The transaction that applied the last fact should have issued the key, so this indicates a bug.
        tracing::error!(creditor_id = %creditor, alert = "key_issued_by_sweep", "an eligible creditor had no API key; the sweep issued it");
    }
    Ok(())
}
