//! What every actor may use: the database, the clock, the settings, and the others' addresses.

use std::sync::Arc;

use entities::Database;

use crate::admission::{Attempts, BcryptPool, RegistryMsg, TenantBook, VerifierMsg};
use crate::clock::Clock;
use crate::delivery::{CompleterMsg, DispatcherMsg};
use crate::jobs::SimulatorMsg;
use crate::ledger::WriterMsg;
use crate::node::{NodeMsg, Standing};
use crate::onboarding::EvaluatorMsg;
use crate::settings::Settings;
use crate::supervision::Address;
use crate::vault::Vault;

/// The means of the house, shared by everyone in it.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) db: Database,
    pub(crate) clock: Clock,
    pub(crate) settings: Settings,
    pub(crate) vault: Vault,
    /// This process among others: its epoch, and whether it may act.
    pub(crate) standing: Arc<Standing>,
    /// Limit cells and live keys that outlive the actors which use them.
    pub(crate) tenants: Arc<TenantBook>,
    /// bcrypt of key secrets: a flood of sign-ins does not touch it.
    pub(crate) key_bcrypt: Arc<BcryptPool>,
    /// bcrypt of passwords.
    pub(crate) password_bcrypt: BcryptPool,
    pub(crate) sign_in_attempts: Attempts,
    pub(crate) addresses: Addresses,
}

/// Where everyone lives.
#[derive(Debug)]
pub(crate) struct Addresses {
    pub(crate) node: Address<NodeMsg>,
    pub(crate) registry: Address<RegistryMsg>,
    pub(crate) verifier: Address<VerifierMsg>,
    pub(crate) evaluator: Address<EvaluatorMsg>,
    /// Keyed by tenant: see [`Addresses::writer`].
    pub(crate) writers: Vec<Address<WriterMsg>>,
    pub(crate) dispatcher: Address<DispatcherMsg>,
    pub(crate) completer: Address<CompleterMsg>,
    pub(crate) simulator: Address<SimulatorMsg>,
}

impl Addresses {
    pub(crate) fn new(writers: usize) -> Self {
        Self {
            node: Address::vacant(),
            registry: Address::vacant(),
            verifier: Address::vacant(),
            evaluator: Address::vacant(),
            writers: (0..writers).map(|_| Address::vacant()).collect(),
            dispatcher: Address::vacant(),
            completer: Address::vacant(),
            simulator: Address::vacant(),
        }
    }

    /// The Writer of a creditor: always the same one, so that its commands keep their order.
    pub(crate) fn writer(&self, creditor: entities::ids::CreditorId) -> &Address<WriterMsg> {
        let lot = creditor.0.as_u64_pair().1;
        let count = self.writers.len() as u64;
        let index = usize::try_from(lot % count).unwrap_or_default();
        &self.writers[index]
    }
}
