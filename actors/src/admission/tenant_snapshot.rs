//! TenantSnapshot state of a tenant, read in one go: its keys and its limits.

use std::net::IpAddr;

use entities::api_key::{self, KeyEnd, KeyScope, KeyState};
use entities::ids::{CreditorId, KeyId};
use entities::queries::{creditors, keys};
use entities::{DbErr, creditor};
use smallvec::SmallVec;

use super::verified_secrets::{HashDigest, Mac, VerifiedSecrets, digest, is_same};
use crate::domain::allowed_networks::AllowedNetworks;
use crate::domain::api_key::KeyPrefix;
use crate::domain::key_rotation;
use crate::domain::limits::{LimitsOverride, TenantLimits, effective};
use crate::infra::{Env, Settings};
use crate::keys::ip_allowlist_of;

/// What a tenant's requests are judged by.
#[derive(Debug)]
pub(crate) struct TenantSnapshot {
    /// The entry's generation when the reading began.
    pub(super) generation: u64,
    pub(super) limits: TenantLimits,
    /// A handful; ended ones included, because their secret tells a revoked key from a made-up one.
    /// Most tenants have one, which then lies beside the limits and not at the end of another pointer.
    pub(super) keys: SmallVec<[KeySnapshot; 1]>,
}

/// A key as a request is judged by it.
#[derive(Debug)]
pub(super) struct KeySnapshot {
    pub(super) prefix: KeyPrefix,
    pub(super) id: KeyId,
    pub(super) scope: KeyScope,
    pub(super) state: KeyState,
    pub(super) ended_reason: Option<KeyEnd>,
    /// Of its secret, once that was generated. Apart, for no request but the first needs it.
    pub(super) secret_hash: Option<Box<SecretHash>>,
    pub(super) retired_ms: Option<i64>,
    pub(super) expires_ms: Option<i64>,
    /// The creditor was told of its near end, or is being told.
    pub(super) expiring_told: bool,
    pub(super) networks: AllowedNetworks,
    /// Initiator which the secret that bcrypt has matched with the hash is known.
    pub(super) proven: Option<Mac>,
    /// When its use was passed on last, generation ms, and from where it was used then.
    pub(super) use_told_ms: i64,
    pub(super) used_from: Option<IpAddr>,
}

/// bcrypt of a secret, and by what it is recognised.
#[derive(Debug, Clone)]
pub(super) struct SecretHash {
    pub(super) bcrypt: String,
    pub(super) digest: HashDigest,
}

/// Whether a secret is the one behind a hash.
#[derive(Debug)]
pub(super) struct VerificationInput {
    pub(super) key: KeyId,
    pub(super) hash: Box<SecretHash>,
}

impl KeySnapshot {
    fn read(row: api_key::Model, verified_secrets: &VerifiedSecrets) -> Option<Self> {
        let prefix = KeyPrefix::parse(&row.prefix);
        let prefix = prefix.inspect_err(
            |error| tracing::error!(%error, key = %row.id, "a key's prefix cannot be read"),
        );
        let prefix = prefix.ok()?;
        let networks = ip_allowlist_of(&row);
        let secret_hash = row.secret_hash.map(|bcrypt| {
            let digest = digest(&bcrypt);
            Box::new(SecretHash { bcrypt, digest })
        });
        let hash = secret_hash.as_ref();
        Some(Self {
            prefix,
            networks,
            proven: hash.and_then(|hash| verified_secrets.matched(&prefix, hash.digest)),
            secret_hash,
            id: row.id,
            scope: row.scope,
            state: row.state,
            ended_reason: row.ended_reason,
            retired_ms: row.retired_ms,
            expires_ms: row.expires_ms,
            expiring_told: row.expiring_told_ms.is_some(),
            use_told_ms: 0,
            used_from: None,
        })
    }

    pub(super) fn is_proven_by(&self, mac: &Mac) -> bool {
        let proven = self.proven.as_ref();
        proven.is_some_and(|proven| is_same(proven, mac))
    }

    /// What has to be asked about a secret that has not proven itself; nothing while no secret was
    /// generated.
    pub(super) fn question(&self) -> Option<VerificationInput> {
        Some(VerificationInput {
            key: self.id,
            hash: self.secret_hash.clone()?,
        })
    }

    pub(super) fn is_near_its_end(&self, now_ms: i64) -> bool {
        let span = self.retired_ms.zip(self.expires_ms);
        span.is_some_and(|(retired, expires)| {
            key_rotation::is_near_its_end(retired, expires, now_ms)
        })
    }
}

/// Reads a tenant. `generation` was read before anything else: whatever changes later makes this stale.
pub(super) async fn load(
    env: &Env,
    verified_secrets: &VerifiedSecrets,
    creditor: CreditorId,
    generation: u64,
) -> Result<TenantSnapshot, DbErr> {
    let db = env.db.reader();
    let row = creditors::by_id(db, creditor).await?;
    let rows = keys::of_creditor(db, creditor).await?;
    Ok(TenantSnapshot {
        generation,
        limits: limits_of(&env.settings, row.as_ref()),
        keys: rows
            .into_iter()
            .filter_map(|key| KeySnapshot::read(key, verified_secrets))
            .collect(),
    })
}

/// The limits of a creditor's tier, with what support has changed for it.
pub(super) fn limits_of(settings: &Settings, creditor: Option<&creditor::Model>) -> TenantLimits {
    let tier = creditor.map_or("", |row| row.tier.as_str());
    let changes = creditor.and_then(|row| {
        let json = row.limits_override.as_deref()?;
        serde_json::from_str::<LimitsOverride>(json)
            .inspect_err(|error| tracing::error!(%error, creditor = %row.id, "an override cannot be read: the tier holds"))
            .ok()
    });
    effective(settings.tiers.resolve(tier), changes.as_ref())
}
