//! Fault injection for the recovery tests: makes an actor of each kind panic. Never compiled into a release.

use entities::ids::{CreditorId, EndpointId};
use uuid::Uuid;

use super::context::AppContext;
use crate::admission::{RegistryMsg, SecretVerifierMsg, TenantMsg};
use crate::cluster::NodeMsg;
use crate::delivery::{CompleterMsg, DispatcherMsg, ReplayerMsg};
use crate::keys::KeyUsageMsg;
use crate::onboarding::EvaluatorMsg;
use crate::placements::WriterMsg;
use crate::sandbox::SimulatorMsg;

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
            ActorKind::Node => modules.cluster.node.send(NodeMsg::Panic),
            ActorKind::Registry => admission.registry.send(RegistryMsg::Panic),
            ActorKind::Tenant(creditor) => match admission.tenants.get(CreditorId(creditor)) {
                Some(entry) => entry.handle.send(TenantMsg::Panic),
                None => return false,
            },
            ActorKind::SecretVerifier => admission.verifier.send(SecretVerifierMsg::Panic),
            ActorKind::KeyUsageRecorder => modules.keys.usage.send(KeyUsageMsg::Panic),
            ActorKind::GateEvaluator => modules.onboarding.evaluator.send(EvaluatorMsg::Panic),
            ActorKind::Writer(creditor) => modules
                .writers
                .writer_of(CreditorId(creditor))
                .send(WriterMsg::Panic),
            ActorKind::Dispatcher => delivery.dispatcher.send(DispatcherMsg::Panic),
            ActorKind::Endpoint(endpoint) => {
                delivery.dispatcher.send(DispatcherMsg::PanicEndpoint {
                    endpoint: EndpointId(endpoint),
                })
            }
            ActorKind::Completer => delivery.completer.send(CompleterMsg::Panic),
            ActorKind::Replayer => delivery.replayer.send(ReplayerMsg::Panic),
            ActorKind::Simulator => modules.sandbox.simulator.send(SimulatorMsg::Panic),
        };
        sent.is_ok()
    }

    /// Makes every read of the control feed fail while `cut` is true.
    pub(crate) fn cut_control_feed(&self, cut: bool) {
        self.modules.cluster.membership.cut_feed(cut);
    }
}
