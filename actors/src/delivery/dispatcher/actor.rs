//! The actor that claims due deliveries for endpoints that have capacity, and hands them to the endpoint actors.
//!
//! ```text
//!  Wake ──┐
//!  Poll ──┼─▶ ClaimQueue ─▶ claim task ─▶ Claimed ─┬─▶ Endpoint × n ─▶ sends ─▶ Completer
//!         │                            Preleased ──┘                                │
//!         └──────────────────────── CapacityFreed ◀─────────────────────────────────┘
//! ```
//!
//! Wake-ups carry no data and only reduce latency; the poll finds every due row. At most one claim runs at a time, so
//! that rows that arrive during a claim share the next one. The Dispatcher owns the claim queue and the endpoint
//! actors. It never changes a row that it has not leased, and never sends.

use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort, SupervisionEvent};

use super::super::handle::Delivery;
use super::super::messages::DispatcherMsg;
use super::state::DispatcherState;

/// How often a draining Dispatcher checks whether every outcome is written.
const DRAIN_CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// Arguments of the [`Dispatcher`].
pub(crate) struct DispatcherArgs {
    pub(crate) delivery: Arc<Delivery>,
    pub(crate) endpoint_actors: Arc<super::super::endpoint_actors::EndpointActors>,
}

/// The actor that claims deliveries and supervises the endpoint actors.
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
        let me = &args.delivery.dispatcher;
        me.send(DispatcherMsg::Poll)?;
        me.send(DispatcherMsg::Sweep)?;
        Ok(DispatcherState::new(args.delivery, args.endpoint_actors))
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
            DispatcherMsg::Preleased { rows } => state.fresh(&myself, rows).await,
            DispatcherMsg::EndpointChanged { endpoint } => state.endpoints.changed(endpoint),
            DispatcherMsg::CreditorEndpointsChanged { creditor, by_owner } => {
                if by_owner {
                    state.leases.reset_creditor_health(creditor);
                }
                state.endpoints.changed_of(creditor);
            }
            DispatcherMsg::EveryEndpointChanged => state.endpoints.all_changed(),
            DispatcherMsg::CapacityFreed {
                endpoints,
                next_due_ms,
            } => state.capacity_freed(&endpoints, next_due_ms),
            DispatcherMsg::Claim => state.claim(),
            DispatcherMsg::Claimed { asked, result } => state.claimed(&myself, asked, result).await,
            DispatcherMsg::PeerNotified => state.rung(),
            DispatcherMsg::Poll => state.poll(),
            DispatcherMsg::Polled {
                began_ms,
                took,
                result,
            } => state.polled(began_ms, took, result),
            DispatcherMsg::Sweep => state.sweep(),
            DispatcherMsg::Swept { result } => state.swept(result),
            DispatcherMsg::Drain { reply } => state.drain(reply),
            DispatcherMsg::DrainCheck => state.drain_check(),
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
    /// Handles the failure of an endpoint actor. The rows in its mailbox are lost leases, which the lease table
    /// reports. Its sends continue without it.
    fn endpoint_failed(&mut self, id: ractor::ActorId, error: &ActorProcessingErr) {
        if let Some(endpoint) = self.endpoints.failed(id) {
            tracing::error!(endpoint_id = %endpoint, %error, "an endpoint actor failed");
            self.leases
                .cool_down(endpoint, self.delivery.env.clock.now_ms());
            self.release_lost();
        }
    }

    fn drain(&mut self, reply: RpcReplyPort<()>) {
        self.is_draining = true;
        self.draining.push(reply);
        self.endpoints.release();
        self.drain_check();
    }

    fn drain_check(&mut self) {
        self.release_lost();
        if self.leases.is_empty() {
            for reply in self.draining.drain(..) {
                let _ = reply.send(());
            }
        } else if !self.draining.is_empty() {
            self.delivery
                .dispatcher
                .send_after(DRAIN_CHECK_INTERVAL, DispatcherMsg::DrainCheck);
        }
    }
}
