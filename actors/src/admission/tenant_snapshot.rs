//! The snapshot of a tenant: its keys and its limits, loaded together.
//!
//! Owns the mapping from database rows. A snapshot never decides a request.

use std::net::IpAddr;

use entities::api_key::{self, KeyEndReason, KeyScope, KeyState};
use entities::ids::{CreditorId, KeyId};
use entities::queries::{creditors, keys};
use entities::{DbErr, creditor};
use smallvec::SmallVec;

use super::verified_secrets::{HashDigest, Mac, VerifiedSecrets, digest, is_same};
use crate::contract::stored_json;
use crate::domain::allowed_networks::AllowedNetworks;
use crate::domain::api_key::KeyPrefix;
use crate::domain::key_rotation;
use crate::domain::limits::{LimitsOverride, TenantLimits, effective};
use crate::infra::{Env, Settings};
use crate::keys::ip_allowlist_of;

/// The keys and limits of a tenant at one generation.
#[derive(Debug)]
pub(crate) struct TenantSnapshot {
    /// Generation of the entry when the load began.
    pub(super) generation: u64,
    pub(super) limits: TenantLimits,
    /// All keys, usually a handful. Ended keys are included to tell a revoked key from a made-up one.
    /// Most tenants have one key, which is stored inline and costs no pointer dereference.
    pub(super) keys: SmallVec<[KeySnapshot; 1]>,
}

/// The data of one key that decides its requests.
#[derive(Debug)]
pub(super) struct KeySnapshot {
    pub(super) prefix: KeyPrefix,
    pub(super) id: KeyId,
    pub(super) scope: KeyScope,
    pub(super) state: KeyState,
    pub(super) ended_reason: Option<KeyEndReason>,
    /// `None` until the secret is generated. Boxed, because only the first request needs it.
    pub(super) secret_hash: Option<Box<SecretHash>>,
    pub(super) retired_ms: Option<i64>,
    pub(super) expires_ms: Option<i64>,
    /// Whether the expiry notice was sent or is being sent.
    pub(super) expiry_notice_sent: bool,
    pub(super) networks: AllowedNetworks,
    /// MAC of the secret that bcrypt matched with `secret_hash`.
    pub(super) proven: Option<Mac>,
    /// When a use was last reported, epoch ms, and the address of that use.
    pub(super) use_reported_ms: i64,
    pub(super) use_reported_from: Option<IpAddr>,
}

/// The bcrypt hash of a secret, and its digest.
#[derive(Debug, Clone)]
pub(super) struct SecretHash {
    pub(super) bcrypt: String,
    pub(super) digest: HashDigest,
}

/// The hash against which the secret of a key must be verified.
#[derive(Debug)]
pub(super) struct VerificationInput {
    pub(super) key: KeyId,
    pub(super) hash: Box<SecretHash>,
}

impl KeySnapshot {
    fn read(row: api_key::Model, verified_secrets: &VerifiedSecrets) -> Option<Self> {
        let prefix = KeyPrefix::parse(&row.prefix);
        let prefix = prefix.inspect_err(
            |error| tracing::error!(%error, key_id = %row.id, "the prefix of a stored key is invalid"),
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
            expiry_notice_sent: row.expiry_notified_ms.is_some(),
            use_reported_ms: 0,
            use_reported_from: None,
        })
    }

    pub(super) fn is_verified_by(&self, mac: &Mac) -> bool {
        let proven = self.proven.as_ref();
        proven.is_some_and(|proven| is_same(proven, mac))
    }

    /// The input for verifying an unverified secret; `None` if the key has no secret.
    pub(super) fn verification_input(&self) -> Option<VerificationInput> {
        Some(VerificationInput {
            key: self.id,
            hash: self.secret_hash.clone()?,
        })
    }

    pub(super) fn is_near_expiry(&self, now_ms: i64) -> bool {
        let span = self.retired_ms.zip(self.expires_ms);
        span.is_some_and(|(retired, expires)| {
            key_rotation::is_near_expiry(retired, expires, now_ms)
        })
    }
}

/// Loads a tenant. The caller reads `generation` before the load, so that any later change makes
/// this snapshot stale.
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

/// The limits of a creditor's tier, with the overrides that support has set. An override that cannot be read may have
/// been meant as a restriction, so the lowest limits apply then.
pub(super) fn limits_of(settings: &Settings, creditor: Option<&creditor::Model>) -> TenantLimits {
    let tier = settings
        .tiers
        .resolve(creditor.map_or("", |row| row.tier.as_str()));
    let text = creditor.and_then(|row| row.limits_override.as_deref());
    match stored_json::decode_nullable("creditor.limits_override", text) {
        Ok(changes) => effective(tier, changes.as_ref()),
        Err(_) => effective(tier, Some(&LimitsOverride::LOWEST)),
    }
}
