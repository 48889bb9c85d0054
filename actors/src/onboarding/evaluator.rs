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
use tokio::sync::Semaphore;

use super::file::AccountFile;
use super::provider_event::ProviderEvent;
use super::{agreement, gate_facts, support_changes};
use crate::api::error::ApiError;
use crate::api::fault::DbResultExt as _;
use crate::api::request::{AcceptAgreement, CreditorPatch, ProviderOutcome};
use crate::domain::gates::Gate;
use crate::house::House;
use crate::supervision::Address;

/// Facts that may be in a transaction at the same time: fewer than the write pool has connections.
const AT_ONCE: usize = 4;
const SWEEP_EVERY: Duration = Duration::from_secs(30);
const SWEEP_AT_MOST: u64 = 500;

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
    #[cfg(feature = "fault-injection")]
    Panic,
}

/// What the [`GateEvaluator`] starts with.
pub(crate) struct EvaluatorArgs {
    pub(crate) house: Arc<House>,
    pub(crate) me: Address<EvaluatorMsg>,
}

/// What the [`GateEvaluator`] holds.
pub(crate) struct EvaluatorState {
    house: Arc<House>,
    me: Address<EvaluatorMsg>,
    at_once: Arc<Semaphore>,
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
            house: args.house,
            me: args.me,
            at_once: Arc::new(Semaphore::new(AT_ONCE)),
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
                .work(reply, move |house| async move {
                    gate_facts::record(&house, &event).await.or_fault()
                }),
            EvaluatorMsg::AcceptAgreement {
                creditor,
                actor,
                request,
                reply,
            } => {
                state.work(reply, move |house| async move {
                    agreement::accept(&house, creditor, &actor, &request).await
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
                state.work(reply, move |house| async move {
                    support_changes::set_gate(&house, creditor, &actor, gate, passed, &reason).await
                });
            }
            EvaluatorMsg::PatchCreditor {
                creditor,
                actor,
                patch,
                reply,
            } => {
                state.work(reply, move |house| async move {
                    support_changes::patch(&house, creditor, &actor, &patch).await
                });
            }
            EvaluatorMsg::Sweep => state.sweep(),
            #[cfg(feature = "fault-injection")]
            #[allow(clippy::panic)]
            EvaluatorMsg::Panic => panic!("injected into the GateEvaluator"),
        }
        Ok(())
    }
}

impl EvaluatorState {
    /// Works beside the mailbox, a few at a time, and answers from there.
    fn work<T, F, W>(&self, reply: RpcReplyPort<Result<T, ApiError>>, work: F)
    where
        T: Send + 'static,
        F: FnOnce(Arc<House>) -> W + Send + 'static,
        W: Future<Output = Result<T, ApiError>> + Send,
    {
        let (house, at_once) = (Arc::clone(&self.house), Arc::clone(&self.at_once));
        tokio::spawn(async move {
            let _permit = at_once.acquire_owned().await;
            let _ = reply.send(work(house).await);
        });
    }

    fn sweep(&self) {
        let (house, me) = (Arc::clone(&self.house), self.me.clone());
        tokio::spawn(async move {
            if let Err(error) = sweep(&house).await {
                tracing::warn!(%error, "the sweep for creditors without a key failed");
            }
            me.send_after(SWEEP_EVERY, EvaluatorMsg::Sweep);
        });
    }
}

/// Opens and closes the file of every creditor that looks eligible: closing it issues what is due.
async fn sweep(house: &House) -> Result<(), entities::DbErr> {
    for creditor in onboarding::issue_candidates(house.db.reader(), SWEEP_AT_MOST).await? {
        let Some(file) = AccountFile::open(house, creditor).await? else {
            continue;
        };
        if file.gates().all_passed() {
            // It should never happen: whoever applied the last fact should have issued it.
            tracing::error!(%creditor, alert = "key_issued_by_sweep", "an eligible creditor had no key");
            file.close().await?;
        }
    }
    Ok(())
}
