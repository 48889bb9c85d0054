//! Live state of a tenant, read in one go: its keys and its limits.

use std::collections::HashMap;

use entities::DbErr;
use entities::api_key::{self, KeyEnd, KeyScope, KeyState};
use entities::ids::{CreditorId, KeyId};
use entities::queries::{creditors, keys};

use super::proofs::{HashDigest, digest};
use crate::domain::allowed_networks::AllowedNetworks;
use crate::domain::limits::{LimitsOverride, TenantLimits, effective};
use crate::house::House;
use crate::keys::networks_of;

/// What a tenant's actor judges by.
#[derive(Debug)]
pub(crate) struct Live {
    /// The slot's epoch when the reading began.
    pub(super) epoch: u64,
    pub(super) limits: TenantLimits,
    /// By prefix; ended keys included, because their secret tells a revoked key from a made-up one.
    pub(super) keys: HashMap<String, LiveKey>,
}

/// A key as a request is judged by it.
#[derive(Debug)]
pub(super) struct LiveKey {
    pub(super) id: KeyId,
    pub(super) scope: KeyScope,
    pub(super) state: KeyState,
    pub(super) ended_reason: Option<KeyEnd>,
    /// bcrypt of its secret, once that was drawn.
    pub(super) secret_hash: Option<(String, HashDigest)>,
    pub(super) retired_ms: Option<i64>,
    pub(super) expires_ms: Option<i64>,
    pub(super) expiring_told: bool,
    pub(super) networks: AllowedNetworks,
}

impl From<api_key::Model> for LiveKey {
    fn from(row: api_key::Model) -> Self {
        Self {
            networks: networks_of(&row),
            id: row.id,
            scope: row.scope,
            state: row.state,
            ended_reason: row.ended_reason,
            secret_hash: row.secret_hash.map(|hash| {
                let digest = digest(&hash);
                (hash, digest)
            }),
            retired_ms: row.retired_ms,
            expires_ms: row.expires_ms,
            expiring_told: row.expiring_told_ms.is_some(),
        }
    }
}

/// Reads a tenant. `epoch` was read before anything else: whatever changes later makes this stale.
pub(super) async fn load(house: &House, creditor: CreditorId, epoch: u64) -> Result<Live, DbErr> {
    let db = house.db.reader();
    let row = creditors::by_id(db, creditor).await?;
    let rows = keys::of_creditor(db, creditor).await?;
    let (tier, changes) = row.map_or((String::new(), None), |row| (row.tier, row.limits_override));
    let changes: Option<LimitsOverride> = changes.and_then(|json| {
        serde_json::from_str(&json)
            .inspect_err(|error| tracing::error!(%error, %creditor, "an override cannot be read: the tier holds"))
            .ok()
    });
    Ok(Live {
        epoch,
        limits: effective(house.settings.tiers.resolve(&tier), changes.as_ref()),
        keys: rows
            .into_iter()
            .map(|key| (key.prefix.clone(), LiveKey::from(key)))
            .collect(),
    })
}
