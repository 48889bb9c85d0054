//! The handle of the admission module: its dependencies, caches and actor handles.

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

/// Everything that admission uses. Shared behind an `Arc`.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) env: Arc<Env>,
    pub(crate) membership: Arc<Membership>,
    pub(crate) keys: Arc<Keys>,
    /// Tenant entries, which outlive the tenant actors.
    pub(crate) tenants: Arc<TenantCache>,
    /// Secrets that bcrypt has verified.
    pub(crate) verified_secrets: VerifiedSecrets,
    /// Refused keys, and failure counts of their callers.
    pub(crate) key_guesses: KeyGuessThrottle,
    pub(crate) registry: ActorHandle<RegistryMsg>,
    pub(crate) verifier: ActorHandle<SecretVerifierMsg>,
}
