//! Fault injection for the recovery tests: makes an actor of each kind panic. Never compiled into a release.

use entities::ids::{CreditorId, EndpointId};
use uuid::Uuid;

use super::context::AppContext;
use crate::delivery::DispatcherMsg;
use crate::placements::WriterMsg;

/// The kinds of actors that a test can make panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActorKind {
    /// The node.
    Node,
    /// The registry, together with every tenant below it.
    Registry,
    /// The tenant actor of this creditor.
    Tenant(Uuid),
    /// The secret verifier.
    SecretVerifier,
    /// The key usage recorder.
    KeyUsageRecorder,
    /// The gate evaluator.
    GateEvaluator,
    /// The Writer of this creditor.
    Writer(Uuid),
    /// The dispatcher, together with every endpoint below it.
    Dispatcher,
    /// The actor of this endpoint.
    Endpoint(Uuid),
    /// The completer.
    Completer,
    /// The replayer.
    Replayer,
    /// The simulator.
    Simulator,
}

impl AppContext {
    /// Makes the actor panic. Returns false if it is not running.
    pub(crate) fn inject_panic(&self, kind: ActorKind) -> bool {
        let modules = &self.modules;
        let (delivery, admission) = (&modules.delivery, &modules.admission);
        let sent = match kind {
            ActorKind::Node => modules.cluster.node.inject_panic(),
            ActorKind::Registry => admission.registry.inject_panic(),
            ActorKind::Tenant(creditor) => match admission.tenants.get(CreditorId(creditor)) {
                Some(entry) => entry.handle.inject_panic(),
                None => return false,
            },
            ActorKind::SecretVerifier => admission.verifier.inject_panic(),
            ActorKind::KeyUsageRecorder => modules.keys.usage.inject_panic(),
            ActorKind::GateEvaluator => modules.onboarding.evaluator.inject_panic(),
            ActorKind::Writer(creditor) => modules
                .writers
                .writer_of(CreditorId(creditor))
                .send(WriterMsg::Panic),
            ActorKind::Dispatcher => delivery.dispatcher.inject_panic(),
            ActorKind::Endpoint(endpoint) => {
                delivery.dispatcher.send(DispatcherMsg::PanicEndpoint {
                    endpoint: EndpointId(endpoint),
                })
            }
            ActorKind::Completer => delivery.completer.inject_panic(),
            ActorKind::Replayer => delivery.replayer.inject_panic(),
            ActorKind::Simulator => modules.sandbox.simulator.inject_panic(),
        };
        sent.is_ok()
    }

    /// Makes every read of the control feed fail while `cut` is true.
    pub(crate) fn cut_control_feed(&self, cut: bool) {
        self.modules.cluster.membership.cut_feed(cut);
    }
}
