//! What admission needs, and where its actors are found.

use std::sync::Arc;

use super::key_guess_throttle::KeyGuessThrottle;
use super::registry_msg::RegistryMsg;
use super::secret_verifier::SecretVerifierMsg;
use super::tenant_cache::TenantCache;
use super::verified_secrets::VerifiedSecrets;
use crate::cluster::Membership;
use crate::infra::Env;
use crate::keys::Keys;
use crate::supervision::ActorHandle;

/// The means of admission.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) env: Arc<Env>,
    pub(crate) membership: Arc<Membership>,
    pub(crate) keys: Arc<Keys>,
    /// Limits and live keys that outlive the actors which use them.
    pub(crate) tenants: Arc<TenantCache>,
    /// What bcrypt has matched.
    pub(crate) verified_secrets: VerifiedSecrets,
    /// Keys that were refused, and who brings such.
    pub(crate) key_guesses: KeyGuessThrottle,
    pub(crate) registry: ActorHandle<RegistryMsg>,
    pub(crate) verifier: ActorHandle<SecretVerifierMsg>,
}
