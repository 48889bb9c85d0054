//! Fault injection, for the recovery tests only: makes an actor of each kind panic.

use entities::ids::{CreditorId, EndpointId};
use uuid::Uuid;

use super::partner_api::PartnerApi;
use crate::admission::{RegistryMsg, TenantMsg, VerifierMsg};
use crate::auth::{AuthenticatedTenant, Via};
use crate::cluster::NodeMsg;
use crate::delivery::{CompleterMsg, DispatcherMsg, RecovererMsg};
use crate::keys::LastUseMsg;
use crate::onboarding::EvaluatorMsg;
use crate::placements::WriterMsg;
use crate::sandbox::SimulatorMsg;

/// The kinds of actor that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActorKind {
    /// The node.
    Node,
    /// The registry, with every tenant below it.
    Registry,
    /// The tenant of this creditor.
    Tenant(Uuid),
    /// The secret verifier.
    SecretVerifier,
    /// The recorder of last uses.
    LastUse,
    /// The gate evaluator.
    GateEvaluator,
    /// The Writer of this creditor.
    Writer(Uuid),
    /// The dispatcher, with every endpoint below it.
    Dispatcher,
    /// The actor of this endpoint.
    Endpoint(Uuid),
    /// The completer.
    Completer,
    /// The recoverer.
    Recoverer,
    /// The simulator.
    Simulator,
}

impl AuthenticatedTenant {
    /// A caller that has proven nothing: what admission is measured against.
    #[must_use]
    pub fn unproven(creditor: Uuid) -> Self {
        Self::new(CreditorId(creditor), Via::ApiKey, "nobody".to_owned())
    }
}

impl PartnerApi {
    /// Makes the actor panic at its next message. False where it is not running.
    #[must_use]
    pub fn inject_panic(&self, kind: ActorKind) -> bool {
        let house = self.house();
        let at = &house.addresses;
        let sent = match kind {
            ActorKind::Node => at.node.send(NodeMsg::Panic),
            ActorKind::Registry => at.registry.send(RegistryMsg::Panic),
            ActorKind::Tenant(creditor) => match house.tenants.get(CreditorId(creditor)) {
                Some(slot) => slot.address.send(TenantMsg::Panic),
                None => return false,
            },
            ActorKind::SecretVerifier => at.verifier.send(VerifierMsg::Panic),
            ActorKind::LastUse => at.last_use.send(LastUseMsg::Panic),
            ActorKind::GateEvaluator => at.evaluator.send(EvaluatorMsg::Panic),
            ActorKind::Writer(creditor) => at.writer(CreditorId(creditor)).send(WriterMsg::Panic),
            ActorKind::Dispatcher => at.dispatcher.send(DispatcherMsg::Panic),
            ActorKind::Endpoint(endpoint) => at.dispatcher.send(DispatcherMsg::PanicEndpoint {
                endpoint: EndpointId(endpoint),
            }),
            ActorKind::Completer => at.completer.send(CompleterMsg::Panic),
            ActorKind::Recoverer => at.recoverer.send(RecovererMsg::Panic),
            ActorKind::Simulator => at.simulator.send(SimulatorMsg::Panic),
        };
        sent.is_ok()
    }

    /// Cuts this process off from the control feed, as a failing connection would, or mends it.
    pub fn cut_control_feed(&self, cut: bool) {
        self.house().standing.cut_feed(cut);
    }
}
