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

use std::time::Duration;

use ractor::{ActorProcessingErr, RpcReplyPort, SupervisionEvent};

use super::super::messages::DispatcherMsg;
use super::state::Dispatcher;
use crate::supervision::Actor;

/// How often a draining Dispatcher checks whether every outcome is written.
const DRAIN_CHECK_INTERVAL: Duration = Duration::from_millis(20);

impl Actor for Dispatcher {
    type Msg = DispatcherMsg;

    async fn pre_start(&mut self) -> Result<(), ActorProcessingErr> {
        self.polls.begin(DispatcherMsg::Poll)?;
        self.sweeps.begin(DispatcherMsg::Sweep)
    }

    async fn handle(&mut self, message: DispatcherMsg) -> Result<(), ActorProcessingErr> {
        match message {
            DispatcherMsg::Wake {
                endpoints,
                in_order,
            } => self.wake(&endpoints, in_order),
            DispatcherMsg::Preleased { rows } => self.preleased(rows).await,
            DispatcherMsg::EndpointChanged { endpoint } => self.endpoints.changed(endpoint),
            DispatcherMsg::CreditorEndpointsChanged { creditor, by_owner } => {
                if by_owner {
                    self.delivery.leases.reset_creditor_health(creditor);
                }
                self.endpoints.changed_of(creditor);
            }
            DispatcherMsg::EveryEndpointChanged => self.endpoints.all_changed(),
            DispatcherMsg::CapacityFreed {
                endpoints,
                next_due_ms,
            } => self.capacity_freed(&endpoints, next_due_ms),
            DispatcherMsg::Claim => self.claim(),
            DispatcherMsg::Claimed { requests, claim } => self.claimed(requests, claim).await,
            DispatcherMsg::PeerNotified => self.peer_notified(),
            DispatcherMsg::Poll => self.poll(),
            DispatcherMsg::Polled {
                began_ms,
                took,
                waiting,
            } => self.polled(began_ms, took, waiting),
            DispatcherMsg::Sweep => self.sweep(),
            DispatcherMsg::Swept { fences } => self.swept(fences),
            DispatcherMsg::StopSending => self.stop_sending(),
            DispatcherMsg::Drain { reply } => self.drain(reply),
            DispatcherMsg::DrainCheck => self.drain_check(),
            #[cfg(feature = "fault-injection")]
            DispatcherMsg::PanicEndpoint { endpoint } => self.endpoints.panic(endpoint),
        }
        Ok(())
    }

    fn handle_supervisor_evt(&mut self, event: SupervisionEvent) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorFailed(cell, error) => {
                self.endpoint_failed(cell.get_id(), &error);
            }
            SupervisionEvent::ActorTerminated(cell, _, _) => self.endpoints.gone(cell.get_id()),
            _ => {}
        }
        Ok(())
    }
}

impl Dispatcher {
    /// Handles the failure of an endpoint actor. The rows in its mailbox are lost leases, which the lease table
    /// reports. Its sends continue without it.
    fn endpoint_failed(&mut self, id: ractor::ActorId, error: &ActorProcessingErr) {
        if let Some(endpoint) = self.endpoints.failed(id) {
            tracing::error!(endpoint_id = %endpoint, %error, "an endpoint actor failed");
            self.delivery
                .leases
                .cool_down(endpoint, self.delivery.env.clock.mono_ms());
            self.release_lost();
        }
    }

    fn stop_sending(&mut self) {
        self.is_draining = true;
        self.endpoints.release();
    }

    fn drain(&mut self, reply: RpcReplyPort<()>) {
        self.stop_sending();
        self.draining.push(reply);
        self.drain_check();
    }

    fn drain_check(&mut self) {
        self.release_lost();
        if self.delivery.leases.is_empty() {
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
