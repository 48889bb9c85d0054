//! The gate evaluator: the one door for every fact about a gate.
//!
//! It owns how many facts are worked on at once, and the sweep that catches what a crash between
//! two steps might have left. The order of facts is the database's: each works under its
//! creditor's lock, so a fact on another node waits for this one's commit.

use std::sync::Arc;
use std::time::Duration;

use entities::ids::CreditorId;
use entities::queries::onboarding;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};

use super::provider_event::ProviderEvent;
use super::{agreement, provider_events, support_operations};
use crate::contract::{
    AcceptAgreement, ApiError, CreditorPatch, DbResultExt as _, ProviderOutcome,
};
use crate::creditor::{CreditorTransaction, Creditors, gates_from};
use crate::domain::gates::Gate;
use crate::supervision::{ActorHandle, PeriodicTask, spawn_and_notify};

const SWEEP_EVERY: Duration = Duration::from_secs(30);
const SWEEP_PAGE: u64 = 500;

/// Messages of the [`GateEvaluator`].
#[derive(Debug)]
pub(crate) enum EvaluatorMsg {
    /// A provider's event whose signature was checked.
    ProviderEvent {
        event: Box<ProviderEvent>,
        reply: RpcReplyPort<Result<ProviderOutcome, ApiError>>,
    },
    /// A person accepts the agreement.
    AcceptAgreement {
        creditor: CreditorId,
        actor: String,
        request: AcceptAgreement,
        reply: RpcReplyPort<Result<(), ApiError>>,
    },
    /// Support repairs a gate.
    SetGate {
        creditor: CreditorId,
        actor: String,
        gate: Gate,
        passed: bool,
        reason: String,
        reply: RpcReplyPort<Result<(), ApiError>>,
    },
    /// Support changes the account.
    PatchCreditor {
        creditor: CreditorId,
        actor: String,
        patch: Box<CreditorPatch>,
        reply: RpcReplyPort<Result<(), ApiError>>,
    },
    /// Look for eligible creditors without a key. Sent to itself.
    Sweep,
    /// That is done.
    Swept,
    #[cfg(feature = "fault-injection")]
    Panic,
}

/// What the [`GateEvaluator`] starts with.
pub(crate) struct EvaluatorArgs {
    pub(crate) creditors: Arc<Creditors>,
    pub(crate) me: ActorHandle<EvaluatorMsg>,
}

/// What the [`GateEvaluator`] holds.
pub(crate) struct EvaluatorState {
    creditors: Arc<Creditors>,
    me: ActorHandle<EvaluatorMsg>,
    sweeping: PeriodicTask,
}

/// Turns facts into gates, and gates into a key.
pub(crate) struct GateEvaluator;

impl Actor for GateEvaluator {
    type Msg = EvaluatorMsg;
    type State = EvaluatorState;
    type Arguments = EvaluatorArgs;

    async fn pre_start(
        &self,
        _myself: ActorRef<Self::Msg>,
        args: Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        // At once: whatever the last run left undone is done before anybody asks.
        let _ = args.me.send(EvaluatorMsg::Sweep);
        Ok(EvaluatorState {
            creditors: args.creditors,
            me: args.me,
            sweeping: PeriodicTask::default(),
        })
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            EvaluatorMsg::ProviderEvent { event, reply } => state
                .work(reply, move |creditors| async move {
                    provider_events::record(&creditors, &event).await
                }),
            EvaluatorMsg::AcceptAgreement {
                creditor,
                actor,
                request,
                reply,
            } => {
                state.work(reply, move |creditors| async move {
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
                state.work(reply, move |creditors| async move {
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
                state.work(reply, move |creditors| async move {
                    support_operations::patch(&creditors, creditor, &actor, &patch).await
                });
            }
            EvaluatorMsg::Sweep => state.sweep(),
            EvaluatorMsg::Swept => state.swept(),
            #[cfg(feature = "fault-injection")]
            #[allow(clippy::panic)]
            EvaluatorMsg::Panic => panic!("injected into the GateEvaluator"),
        }
        Ok(())
    }
}

impl EvaluatorState {
    /// Works beside the mailbox and answers from there; permits bound how many transactions are open.
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
        if !self.sweeping.try_start() {
            return;
        }
        let creditors = Arc::clone(&self.creditors);
        spawn_and_notify(&self.me, EvaluatorMsg::Swept, async move {
            if let Err(error) = sweep(&creditors).await {
                tracing::warn!(%error, "the sweep for creditors without a key failed");
            }
            EvaluatorMsg::Swept
        });
    }

    fn swept(&mut self) {
        self.sweeping
            .reschedule(self.me.send_after(SWEEP_EVERY, EvaluatorMsg::Sweep));
    }
}

/// Looks at every creditor that might be without a key, and opens the file of those that are:
/// closing it issues what is due.
async fn sweep(creditors: &Creditors) -> Result<(), ApiError> {
    let mut after = CreditorId(uuid::Uuid::nil());
    loop {
        let page = onboarding::issue_candidates(creditors.env.db.reader(), after, SWEEP_PAGE)
            .await
            .map_db_error()?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = *last;
        let rows = onboarding::gates_of(creditors.env.db.reader(), &page)
            .await
            .map_db_error()?;
        for creditor in page {
            let own = rows.iter().filter(|row| row.creditor_id == creditor);
            if gates_from(own).all_passed() {
                issue_late(creditors, creditor).await?;
            }
        }
    }
}

async fn issue_late(creditors: &Creditors, creditor: CreditorId) -> Result<(), ApiError> {
    let Some(transaction) = CreditorTransaction::begin(creditors, creditor).await? else {
        return Ok(());
    };
    if transaction.commit().await.map_db_error()? {
        // It should never happen: whoever applied the last fact should have issued it.
        tracing::error!(%creditor, alert = "key_issued_by_sweep", "an eligible creditor had no key");
    }
    Ok(())
}
