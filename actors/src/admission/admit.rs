//! Admits or rejects a request that presents an API key.
//!
//! Owns the path from the presented key to the decision: lookup, inline decision, tenant actor, and
//! retries. It never reads a tenant's keys or limits itself.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::decision::AdmissionResult;
use super::handle::Admission;
use super::registry_msg::RegistryMsg;
use super::request::AdmissionRequest;
use super::tenant_entry::TenantEntry;
use super::tenant_msg::TenantMsg;
use super::verified_secrets::{Mac, keyed_mac};
use crate::contract::{ApiError, RouteRequirements};
use crate::domain::api_key::{KeyPrefix, PresentedKey};
use crate::supervision::CallError;

/// How long one call to an actor may take. It covers loading a cold tenant and one bcrypt check.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Attempts per request. A tenant actor that dies during a request is respawned.
const TRIES: u32 = 4;
/// Wait between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

impl Admission {
    /// Admits a request or returns the reason for its rejection. One decision covers the key, its
    /// scope, and both limits.
    pub(crate) async fn admit_key(
        &self,
        bearer: &str,
        client: IpAddr,
        needs: RouteRequirements,
    ) -> AdmissionResult {
        // The checksum rejects mistyped and made-up keys before any lookup.
        let key = PresentedKey::parse(bearer).map_err(|_| ApiError::InvalidApiKey)?;
        let mac = keyed_mac(&key);
        let entry = match self.tenants.by_prefix(&key.prefix) {
            Some(entry) => entry,
            None => self.look_up(&key, &mac, client).await?,
        };
        let request = AdmissionRequest {
            key,
            mac,
            client,
            needs,
        };
        match request.try_decide(self, &entry) {
            Some(verdict) => verdict,
            None => self.ask_tenant(request, entry).await,
        }
    }

    /// Sends the request to the tenant actor, which loads missing state and decides.
    async fn ask_tenant(
        &self,
        request: AdmissionRequest,
        mut entry: Arc<TenantEntry>,
    ) -> AdmissionResult {
        for _ in 0..TRIES {
            let request = Box::new(request.clone());
            match entry
                .handle
                .call(TIMEOUT, |reply| TenantMsg::Admit { request, reply })
                .await
            {
                Ok(verdict) => return verdict,
                Err(CallError::TimedOut) => return Err(ApiError::Overloaded.into()),
                Err(CallError::Unavailable) => match self.respawn(Arc::clone(&entry)).await {
                    Ok(respawned) => entry = respawned,
                    Err(_) => tokio::time::sleep(PAUSE).await,
                },
                Err(CallError::NoReply) => tokio::time::sleep(PAUSE).await,
            }
        }
        Err(ApiError::Overloaded.into())
    }

    /// Looks up a prefix that is not in the cache, unless the caller is throttled for guessing.
    async fn look_up(
        &self,
        key: &PresentedKey,
        mac: &Mac,
        client: IpAddr,
    ) -> Result<Arc<TenantEntry>, ApiError> {
        let now_ms = self.env.clock.mono_ms();
        let (key_guesses, prefix) = (&self.key_guesses, key.prefix.as_str());
        // A secret that was verified before is not throttled: its tenant was only evicted.
        if !self.verified_secrets.contains(&key.prefix, mac) {
            key_guesses.check_key(mac, prefix, client, now_ms)?;
        }
        let found = self.resolve(key.prefix).await;
        if found.as_ref().err() == Some(&ApiError::InvalidApiKey) {
            key_guesses.refused(mac, prefix, client, now_ms);
        }
        found
    }

    async fn resolve(&self, prefix: KeyPrefix) -> Result<Arc<TenantEntry>, ApiError> {
        let registry = &self.registry;
        for _ in 0..TRIES {
            match registry
                .call(TIMEOUT, |reply| RegistryMsg::Resolve { prefix, reply })
                .await
            {
                Ok(found) => return found,
                Err(CallError::TimedOut) => return Err(ApiError::Overloaded),
                Err(CallError::Unavailable | CallError::NoReply) => {
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        Err(ApiError::Overloaded)
    }

    async fn respawn(&self, entry: Arc<TenantEntry>) -> Result<Arc<TenantEntry>, ApiError> {
        let registry = &self.registry;
        let respawned = registry
            .call(TIMEOUT, |reply| RegistryMsg::Respawn { entry, reply })
            .await;
        respawned.unwrap_or(Err(ApiError::Overloaded))
    }
}
