//! What admission needs, and where its actors are found.

use std::sync::Arc;

use super::key_guess_throttle::Guesses;
use super::registry_msg::RegistryMsg;
use super::secret_verifier::VerifierMsg;
use super::tenant_cache::TenantBook;
use super::verified_secrets::Proofs;
use crate::cluster::Standing;
use crate::infra::Env;
use crate::keys::Keys;
use crate::supervision::Address;

/// The means of admission.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) env: Arc<Env>,
    pub(crate) membership: Arc<Standing>,
    pub(crate) keys: Arc<Keys>,
    /// Limits and live keys that outlive the actors which use them.
    pub(crate) tenants: Arc<TenantBook>,
    /// What bcrypt has matched.
    pub(crate) proofs: Proofs,
    /// Keys that were refused, and who brings such.
    pub(crate) guesses: Guesses,
    pub(crate) registry: Address<RegistryMsg>,
    pub(crate) verifier: Address<VerifierMsg>,
}
