//! Claims due deliveries for endpoints that have credit, and hands them to the endpoints' actors.
//!
//! ```text
//!  Wake ─┐                     ┌─ Claim task ──▶ Claimed ─┬▶ Endpoint × n ──▶ sends ──▶ Completer
//!  Poll ─┼─▶ demand ──credit──▶┘            Fresh ────────┘                                  │
//!  CreditFree ◀────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Wake-ups carry no data and are only a matter of speed; the poll is the truth. One claim is out
//! at a time, so that what arrives meanwhile shares the next one. Owns whose turn it is and the
//! endpoints' actors. Never touches a row that it has not leased, never sends.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use entities::DbErr;
use entities::ids::{CreditorId, EndpointId};
use entities::queries::delivery::{Fence, Waiting};
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort, SupervisionEvent};

use super::super::attempt::Leased;
use super::super::claim_queue::Demand;
use super::super::orphans::Orphans;
use super::claiming::{Asked, Claim, Pace};
use super::endpoints::Endpoints;
use crate::app::House;
use crate::leases::Book;
use crate::supervision::Chain;

/// How often a draining Dispatcher looks whether everything has been written.
const DRAIN_LOOK: Duration = Duration::from_millis(20);

/// Messages of the [`Dispatcher`].
#[derive(Debug)]
pub(crate) enum DispatcherMsg {
    /// These endpoints have fresh rows.
    Wake {
        /// Whose.
        endpoints: Vec<EndpointId>,
        /// Whether any of the rows may stand in a line.
        in_order: bool,
    },
    /// Rows that were born leased, and are committed.
    Fresh {
        /// Of any endpoints.
        rows: Vec<Leased>,
    },
    /// An endpoint was stopped.
    EndpointChanged {
        /// Which.
        endpoint: EndpointId,
    },
    /// Some endpoint of this creditor changed, here or on another node.
    CreditorEndpointsChanged {
        /// Whose.
        creditor: CreditorId,
        /// Their owner did: what is known of how they did is out of date.
        by_owner: bool,
    },
    /// Any endpoint may have changed: what was told about it was missed.
    EveryEndpointChanged,
    /// Leases of these endpoints have ended.
    CreditFree {
        /// Whose.
        endpoints: Vec<EndpointId>,
        /// When the first of those that failed is due again.
        next_due_ms: Option<i64>,
    },
    /// Claim, now that the pause is over.
    Claim,
    /// A claim is back.
    Claimed {
        /// Whom it was for, and with how much credit.
        asked: Vec<Asked>,
        /// The rows; their leases are entered.
        result: Result<Claim, ClaimError>,
    },
    /// Another process has rows that it does not send at once: look soon.
    Rung,
    /// Look who has rows waiting.
    Poll,
    /// Who has.
    Polled {
        /// When the look began.
        began_ms: i64,
        /// How long it took.
        took: Duration,
        /// What was seen.
        result: Result<Vec<Waiting>, ClaimError>,
    },
    /// Look for leases that nobody holds, and for actors that nobody needs.
    Sweep,
    /// What the database ascribes to this process.
    Swept {
        /// Leases.
        result: Result<Vec<Fence>, ClaimError>,
    },
    /// Claim no more, give back what has not been sent, and answer when everything is written.
    Drain {
        /// Answered when no lease is left.
        reply: RpcReplyPort<()>,
    },
    /// Look whether a lease is left.
    DrainLook,
    /// Panics.
    #[cfg(feature = "fault-injection")]
    Panic,
    /// Makes the actor of an endpoint panic.
    #[cfg(feature = "fault-injection")]
    PanicEndpoint {
        /// Which.
        endpoint: EndpointId,
    },
}

/// Why the queue could not be read or claimed from; the next poll tries again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClaimError {
    /// The database said so.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// The task died.
    #[error("the task died")]
    Died,
}

/// What the [`Dispatcher`] starts with.
pub(crate) struct DispatcherArgs {
    pub(crate) house: Arc<House>,
    pub(crate) roster: Arc<super::super::endpoint_actors::Roster>,
}

pub(crate) struct DispatcherState {
    pub(crate) house: Arc<House>,
    pub(crate) book: Arc<Book>,
    pub(crate) demand: Demand,
    /// Whose lines are looked at when they are claimed for: only a matter of speed.
    pub(crate) in_order: HashSet<EndpointId>,
    pub(super) endpoints: Endpoints,
    pub(super) pace: Pace,
    pub(super) polls: Chain,
    /// An extra poll comes at that time.
    pub(super) poll_by_ms: Option<i64>,
    /// Before that no extra look may begin.
    pub(super) next_poll: Instant,
    /// An extra look is on its way because another process rang.
    pub(super) rung: bool,
    pub(super) sweeps: Chain,
    pub(super) orphans: Orphans,
    draining: Vec<RpcReplyPort<()>>,
    pub(crate) drains: bool,
}

/// The actor.
pub(crate) struct Dispatcher;

impl Actor for Dispatcher {
    type Msg = DispatcherMsg;
    type State = DispatcherState;
    type Arguments = DispatcherArgs;

    async fn pre_start(
        &self,
        _myself: ActorRef<Self::Msg>,
        args: Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        let endpoints = Endpoints::new(&args.house, args.roster);
        let me = &args.house.addresses.dispatcher;
        me.send(DispatcherMsg::Poll)?;
        me.send(DispatcherMsg::Sweep)?;
        Ok(DispatcherState {
            book: Arc::clone(&args.house.book),
            house: args.house,
            demand: Demand::default(),
            in_order: HashSet::new(),
            endpoints,
            pace: Pace::default(),
            polls: Chain::default(),
            poll_by_ms: None,
            next_poll: Instant::now(),
            rung: false,
            sweeps: Chain::default(),
            orphans: Orphans::default(),
            draining: Vec::new(),
            drains: false,
        })
    }

    async fn handle(
        &self,
        myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            DispatcherMsg::Wake {
                endpoints,
                in_order,
            } => state.wake(&endpoints, in_order),
            DispatcherMsg::Fresh { rows } => state.fresh(&myself, rows).await,
            DispatcherMsg::EndpointChanged { endpoint } => state.endpoints.changed(endpoint),
            DispatcherMsg::CreditorEndpointsChanged { creditor, by_owner } => {
                if by_owner {
                    state.book.forgive_all_of(creditor);
                }
                state.endpoints.changed_of(creditor);
            }
            DispatcherMsg::EveryEndpointChanged => state.endpoints.all_changed(),
            DispatcherMsg::CreditFree {
                endpoints,
                next_due_ms,
            } => state.credit_free(&endpoints, next_due_ms),
            DispatcherMsg::Claim => state.claim(),
            DispatcherMsg::Claimed { asked, result } => state.claimed(&myself, asked, result).await,
            DispatcherMsg::Rung => state.rung(),
            DispatcherMsg::Poll => state.poll(),
            DispatcherMsg::Polled {
                began_ms,
                took,
                result,
            } => state.polled(began_ms, took, result),
            DispatcherMsg::Sweep => state.sweep(),
            DispatcherMsg::Swept { result } => state.swept(result),
            DispatcherMsg::Drain { reply } => state.drain(reply),
            DispatcherMsg::DrainLook => state.drain_look(),
            #[cfg(feature = "fault-injection")]
            #[allow(clippy::panic)]
            DispatcherMsg::Panic => panic!("injected into the Dispatcher"),
            #[cfg(feature = "fault-injection")]
            DispatcherMsg::PanicEndpoint { endpoint } => state.endpoints.panic(endpoint),
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _myself: ActorRef<Self::Msg>,
        event: SupervisionEvent,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorFailed(cell, error) => {
                state.endpoint_failed(cell.get_id(), &error);
            }
            SupervisionEvent::ActorTerminated(cell, _, _) => state.endpoints.gone(cell.get_id()),
            _ => {}
        }
        Ok(())
    }
}

impl DispatcherState {
    /// An endpoint's actor died. The rows in its mailbox are lost leases, which the book reports;
    /// its sends go on without it.
    fn endpoint_failed(&mut self, id: ractor::ActorId, error: &ActorProcessingErr) {
        if let Some(endpoint) = self.endpoints.failed(id) {
            tracing::error!(%endpoint, %error, "an endpoint's actor failed");
            self.book.rest(endpoint, self.house.clock.now_ms());
            self.release_lost();
        }
    }

    fn drain(&mut self, reply: RpcReplyPort<()>) {
        self.drains = true;
        self.draining.push(reply);
        self.endpoints.give_back();
        self.drain_look();
    }

    fn drain_look(&mut self) {
        self.release_lost();
        if self.book.is_empty() {
            for reply in self.draining.drain(..) {
                let _ = reply.send(());
            }
        } else if !self.draining.is_empty() {
            self.house
                .addresses
                .dispatcher
                .send_after(DRAIN_LOOK, DispatcherMsg::DrainLook);
        }
    }
}
