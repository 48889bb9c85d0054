//! Limit tiers, and the override of one creditor.
//!
//! Owns which limits apply to a creditor, and the text form of `PARTNER_API_TIERS`. Never counts
//! requests: `gcra` does.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::gcra::Quota;

/// The highest permitted value of any limit.
pub const LIMIT_MAX: u32 = 1_000_000;
/// The name of the default tier, if it is configured.
pub const STANDARD: &str = "standard";
/// The default of `PARTNER_API_TIERS`.
pub const DEFAULT_TIERS: &str =
    "standard=20/40:40/80:20,growth=100/200:200/400:50,enterprise=1000/2000:2000/4000:200";

/// All limits of one creditor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TenantLimits {
    /// The limit of each key.
    pub key: Quota,
    /// The limit of all keys of the creditor together.
    pub tenant: Quota,
    /// The maximum number of concurrent requests.
    pub concurrency: u32,
}

impl TenantLimits {
    /// The share of one of `nodes` processes, each of which counts for itself. Rates are divided, so that all together
    /// admit no more. Bursts and concurrency are not: a caller that is bound to one process keeps them.
    #[must_use]
    pub fn share_of(self, nodes: u32) -> Self {
        let share = |quota: Quota| Quota {
            per_second: (quota.per_second / nodes.max(1)).max(1),
            burst: quota.burst,
        };
        Self {
            key: share(self.key),
            tenant: share(self.tenant),
            concurrency: self.concurrency,
        }
    }
}

/// A named set of limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    /// The name: 1–32 characters of `a-z0-9_-`.
    pub name: String,
    /// The limits of this tier.
    pub limits: TenantLimits,
}

/// Every configured tier, in the configured order. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tiers(Vec<Tier>);

/// Why a text is not a list of tiers. The message names the bad part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TiersError {
    /// The text contains no tier.
    #[error(
        "no tier is defined: write name=key_rps/key_burst:tenant_rps/tenant_burst:concurrency, separated by commas"
    )]
    Empty,
    /// An entry has the wrong shape.
    #[error(
        "`{0}` is not a tier: write name=key_rps/key_burst:tenant_rps/tenant_burst:concurrency"
    )]
    Shape(String),
    /// A name has the wrong characters or length.
    #[error("`{0}` is not a tier name: use 1 to 32 of a-z, 0-9, _ and -")]
    Name(String),
    /// A limit is not a whole number, or is out of range.
    #[error("`{part}` in tier `{tier}` is not a whole number from 1 to 1000000")]
    Number {
        /// The name of the tier.
        tier: String,
        /// The bad part.
        part: String,
    },
    /// A name occurs twice.
    #[error("tier `{0}` is defined twice")]
    Duplicate(String),
}

/// A limit is out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} must be a whole number from 1 to 1000000")]
pub struct LimitOutOfRange {
    /// The wire name of the field.
    pub field: &'static str,
}

impl Tiers {
    /// Parses a list of tiers, separated by commas or white space.
    ///
    /// # Errors
    /// [`TiersError`] with the first bad part.
    pub fn parse(text: &str) -> Result<Self, TiersError> {
        let mut tiers: Vec<Tier> = Vec::new();
        let entries = text.split(|character: char| character == ',' || character.is_whitespace());
        for entry in entries.filter(|entry| !entry.is_empty()) {
            let tier = parse_tier(entry)?;
            if tiers.iter().any(|known| known.name == tier.name) {
                return Err(TiersError::Duplicate(tier.name));
            }
            tiers.push(tier);
        }
        if tiers.is_empty() {
            Err(TiersError::Empty)
        } else {
            Ok(Self(tiers))
        }
    }

    /// Returns the tier with this name, or `None`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Tier> {
        self.0.iter().find(|tier| tier.name == name)
    }

    /// The tier of new creditors, and of creditors whose tier is no longer configured: `standard`, or
    /// the first tier if `standard` is not configured.
    #[must_use]
    pub fn default_tier(&self) -> &Tier {
        // Never panics: the list is never empty, because `parse` refuses an empty one.
        self.get(STANDARD).unwrap_or(&self.0[0])
    }

    /// Returns the tier with this name, or the default tier.
    #[must_use]
    pub fn resolve(&self, name: &str) -> &Tier {
        self.get(name).unwrap_or_else(|| self.default_tier())
    }

    /// Every tier, in the configured order.
    pub fn iter(&self) -> impl Iterator<Item = &Tier> {
        self.0.iter()
    }

    /// The names of all tiers, for messages that list the allowed values.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.0.iter().map(|tier| tier.name.as_str()).collect()
    }
}

impl Default for Tiers {
    /// [`DEFAULT_TIERS`]: `standard`, `growth`, `enterprise`.
    fn default() -> Self {
        let tier = |name: &str, key: (u32, u32), tenant: (u32, u32), concurrency| Tier {
            name: name.to_owned(),
            limits: TenantLimits {
                key: Quota {
                    per_second: key.0,
                    burst: key.1,
                },
                tenant: Quota {
                    per_second: tenant.0,
                    burst: tenant.1,
                },
                concurrency,
            },
        };
        Self(vec![
            tier(STANDARD, (20, 40), (40, 80), 20),
            tier("growth", (100, 200), (200, 400), 50),
            tier("enterprise", (1_000, 2_000), (2_000, 4_000), 200),
        ])
    }
}

impl FromStr for Tiers {
    type Err = TiersError;

    fn from_str(text: &str) -> Result<Self, TiersError> {
        Self::parse(text)
    }
}

impl fmt::Display for Tiers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Tier { name, limits }) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let TenantLimits {
                key,
                tenant,
                concurrency,
            } = limits;
            write!(formatter, "{comma}{name}={}/{}", key.per_second, key.burst)?;
            write!(
                formatter,
                ":{}/{}:{concurrency}",
                tenant.per_second, tenant.burst
            )?;
        }
        Ok(())
    }
}

/// Parses `name=key_rps/key_burst:tenant_rps/tenant_burst:concurrency`.
fn parse_tier(entry: &str) -> Result<Tier, TiersError> {
    let shape = || TiersError::Shape(entry.to_owned());
    let (name, limits) = entry.split_once('=').ok_or_else(shape)?;
    let name_ok = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-')
    };
    if !(1..=32).contains(&name.len()) || !name.bytes().all(name_ok) {
        return Err(TiersError::Name(name.to_owned()));
    }
    let parts: Vec<&str> = limits.split(':').collect();
    let [key, tenant, concurrency] = parts[..] else {
        return Err(shape());
    };
    let number = |part: &str| {
        let digits = part.bytes().all(|byte| byte.is_ascii_digit());
        let value = part.parse::<NonZeroU32>().ok().map(NonZeroU32::get);
        value
            .filter(|value| digits && *value <= LIMIT_MAX)
            .ok_or_else(|| TiersError::Number {
                tier: name.to_owned(),
                part: part.to_owned(),
            })
    };
    let quota = |part: &str| {
        let (per_second, burst) = part.split_once('/').ok_or_else(shape)?;
        Ok(Quota {
            per_second: number(per_second)?,
            burst: number(burst)?,
        })
    };
    let limits = TenantLimits {
        key: quota(key)?,
        tenant: quota(tenant)?,
        concurrency: number(concurrency)?,
    };
    Ok(Tier {
        name: name.to_owned(),
        limits,
    })
}

/// The limits that support set for one creditor. Each field that is set replaces the tier's value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsOverride {
    /// Requests a second, for each key.
    pub key_rps: Option<u32>,
    /// Burst, in requests, for each key.
    pub key_burst: Option<u32>,
    /// Requests a second, for the tenant.
    pub tenant_rps: Option<u32>,
    /// Burst, in requests, for the tenant.
    pub tenant_burst: Option<u32>,
    /// The maximum number of concurrent requests.
    pub concurrency: Option<u32>,
}

impl LimitsOverride {
    /// The lowest limits.
    pub const LOWEST: Self = Self {
        key_rps: Some(1),
        key_burst: Some(1),
        tenant_rps: Some(1),
        tenant_burst: Some(1),
        concurrency: Some(1),
    };

    /// Checks that every field that is set is within 1–[`LIMIT_MAX`].
    ///
    /// # Errors
    /// [`LimitOutOfRange`] with the first field that is out of range.
    pub fn validate(&self) -> Result<(), LimitOutOfRange> {
        let fields = [
            ("key_rps", self.key_rps),
            ("key_burst", self.key_burst),
            ("tenant_rps", self.tenant_rps),
            ("tenant_burst", self.tenant_burst),
            ("concurrency", self.concurrency),
        ];
        let out_of_range =
            |value: Option<u32>| value.is_some_and(|value| !(1..=LIMIT_MAX).contains(&value));
        match fields.into_iter().find(|(_, value)| out_of_range(*value)) {
            Some((field, _)) => Err(LimitOutOfRange { field }),
            None => Ok(()),
        }
    }
}

/// The limits that apply to a creditor. Fields that its override sets replace those of its tier.
#[must_use]
pub fn effective(tier: &Tier, limits_override: Option<&LimitsOverride>) -> TenantLimits {
    let base = tier.limits;
    let set = limits_override.copied().unwrap_or_default();
    TenantLimits {
        key: Quota {
            per_second: set.key_rps.unwrap_or(base.key.per_second),
            burst: set.key_burst.unwrap_or(base.key.burst),
        },
        tenant: Quota {
            per_second: set.tenant_rps.unwrap_or(base.tenant.per_second),
            burst: set.tenant_burst.unwrap_or(base.tenant.burst),
        },
        concurrency: set.concurrency.unwrap_or(base.concurrency),
    }
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;
