//! Live state of a tenant, read in one go: its keys, its account, its limits.

use std::collections::HashMap;

use entities::DbErr;
use entities::api_key;
use entities::ids::CreditorId;
use entities::queries::{creditors, keys};

use crate::domain::limits::{LimitsOverride, TenantLimits, effective};
use crate::house::House;

/// What a tenant's actor judges by.
#[derive(Debug)]
pub(crate) struct Live {
    /// The slot's epoch when the reading began.
    pub(super) epoch: u64,
    pub(super) limits: TenantLimits,
    /// By prefix; ended keys included, because their secret tells a revoked key from a made-up one.
    pub(super) keys: HashMap<String, api_key::Model>,
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
            .map(|key| (key.prefix.clone(), key))
            .collect(),
    })
}
