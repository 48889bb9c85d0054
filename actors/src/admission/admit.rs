//! From a presented key to a decision.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::decision::Verdict;
use super::handle::Admission;
use super::registry_msg::RegistryMsg;
use super::request::Knock;
use super::tenant_entry::TenantSlot;
use super::tenant_msg::TenantMsg;
use super::verified_secrets::{Mac, keyed_mac};
use crate::contract::{ApiError, RouteNeeds};
use crate::domain::api_key::{KeyPrefix, PresentedKey};
use crate::supervision::CallError;

/// How long a request may wait for admission: a cold tenant is read and its key hashed in it.
const PATIENCE: Duration = Duration::from_secs(10);
/// A tenant's actor that dies under a request is started again; a request tries so often.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(50);

impl Admission {
    /// Lets a request in, or says why not: the key, its scope, and both limits in one decision.
    pub(crate) async fn admit_key(
        &self,
        bearer: &str,
        client: IpAddr,
        needs: RouteNeeds,
    ) -> Verdict {
        // The checksum refuses what was mistyped or made up before anything else is asked.
        let key = PresentedKey::parse(bearer).map_err(|_| ApiError::InvalidApiKey)?;
        let mac = keyed_mac(&key);
        let slot = match self.tenants.by_prefix(&key.prefix) {
            Some(slot) => slot,
            None => self.look_up(&key, &mac, client).await?,
        };
        let knock = Knock {
            key,
            mac,
            client,
            needs,
        };
        match knock.at_once(self, &slot) {
            Some(verdict) => verdict,
            None => self.ask_tenant(knock, slot).await,
        }
    }

    /// Waits for what the decision lacks.
    async fn ask_tenant(&self, knock: Knock, mut slot: Arc<TenantSlot>) -> Verdict {
        for _ in 0..TRIES {
            let knock = Box::new(knock.clone());
            match slot
                .address
                .call(PATIENCE, |reply| TenantMsg::Admit { knock, reply })
                .await
            {
                Ok(verdict) => return verdict,
                Err(CallError::TimedOut) => return Err(ApiError::Overloaded.into()),
                Err(CallError::Unavailable) => match self.respawn(Arc::clone(&slot)).await {
                    Ok(respawned) => slot = respawned,
                    Err(_) => tokio::time::sleep(PAUSE).await,
                },
                Err(CallError::Unanswered) => tokio::time::sleep(PAUSE).await,
            }
        }
        Err(ApiError::Overloaded.into())
    }

    /// Asks the database for a prefix that this process has not met, unless its caller guesses.
    async fn look_up(
        &self,
        key: &PresentedKey,
        mac: &Mac,
        client: IpAddr,
    ) -> Result<Arc<TenantSlot>, ApiError> {
        let now_ms = self.env.clock.now_ms();
        let (guesses, prefix) = (&self.guesses, key.prefix.as_str());
        // A tenant that was let go comes back, whoever guesses beside it.
        if !self.proofs.were_given(&key.prefix, mac) {
            guesses.may_try(mac, prefix, client, now_ms)?;
        }
        let found = self.resolve(key.prefix).await;
        if found.as_ref().err() == Some(&ApiError::InvalidApiKey) {
            guesses.refused(mac, prefix, client, now_ms);
        }
        found
    }

    async fn resolve(&self, prefix: KeyPrefix) -> Result<Arc<TenantSlot>, ApiError> {
        let registry = &self.registry;
        for _ in 0..TRIES {
            match registry
                .call(PATIENCE, |reply| RegistryMsg::Resolve { prefix, reply })
                .await
            {
                Ok(found) => return found,
                Err(CallError::TimedOut) => return Err(ApiError::Overloaded),
                Err(CallError::Unavailable | CallError::Unanswered) => {
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        Err(ApiError::Overloaded)
    }

    async fn respawn(&self, slot: Arc<TenantSlot>) -> Result<Arc<TenantSlot>, ApiError> {
        let registry = &self.registry;
        let respawned = registry
            .call(PATIENCE, |reply| RegistryMsg::Respawn { slot, reply })
            .await;
        respawned.unwrap_or(Err(ApiError::Overloaded))
    }
}
