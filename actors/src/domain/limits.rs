//! Tiers of limits, and one creditor's override of its tier.
//!
//! Owns which numbers apply to whom, and the text form of `PARTNER_API_TIERS`. Never counts a
//! request: that is `gcra`.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::gcra::Quota;

/// The largest number that any limit may be set to.
pub const LIMIT_MAX: u32 = 1_000_000;
/// The tier of a new creditor, where it is configured.
pub const STANDARD: &str = "standard";
/// `PARTNER_API_TIERS` when it is not set.
pub const DEFAULT_TIERS: &str =
    "standard=20/40:40/80:20,growth=100/200:200/400:50,enterprise=1000/2000:2000/4000:200";

/// All limits of one creditor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TenantLimits {
    /// Of each key.
    pub key: Quota,
    /// Of all its keys together.
    pub tenant: Quota,
    /// Requests in progress at once.
    pub concurrency: u32,
}

/// A named set of limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    /// 1–32 characters of `a-z0-9_-`.
    pub name: String,
    /// What it grants.
    pub limits: TenantLimits,
}

/// Every configured tier, in the order in which they were written. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tiers(Vec<Tier>);

/// Why a text is not a list of tiers. The message names the bad part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TiersError {
    /// Nothing in it.
    #[error(
        "no tier: write name=key_rps/key_burst:tenant_rps/tenant_burst:concurrency, separated by commas"
    )]
    Empty,
    /// One entry has another shape.
    #[error(
        "`{0}` is not a tier: write name=key_rps/key_burst:tenant_rps/tenant_burst:concurrency"
    )]
    Shape(String),
    /// A name with other characters, or too long.
    #[error("`{0}` is not a tier's name: use 1 to 32 of a-z, 0-9, _ and -")]
    Name(String),
    /// A number that is none, or out of range.
    #[error("`{part}` in tier `{tier}` is not a whole number from 1 to 1000000")]
    Number {
        /// The tier's name.
        tier: String,
        /// The offending text.
        part: String,
    },
    /// The same name twice.
    #[error("tier `{0}` is written twice")]
    Duplicate(String),
}

/// A limit was set outside its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} must be a whole number from 1 to 1000000")]
pub struct LimitOutOfRange {
    /// The field's name on the wire.
    pub field: &'static str,
}

impl Tiers {
    /// Reads a list of tiers, separated by commas or white space.
    ///
    /// # Errors
    /// [`TiersError`], naming the bad part.
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

    /// The tier of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Tier> {
        self.0.iter().find(|tier| tier.name == name)
    }

    /// What a new creditor gets, and a creditor whose tier is no longer configured: `standard`, or
    /// else the first.
    #[must_use]
    pub fn default_tier(&self) -> &Tier {
        // Never empty: `parse` is the only way in.
        self.get(STANDARD).unwrap_or(&self.0[0])
    }

    /// The tier of that name, or the default one.
    #[must_use]
    pub fn resolve(&self, name: &str) -> &Tier {
        self.get(name).unwrap_or_else(|| self.default_tier())
    }

    /// Every tier, in the order in which they were written.
    pub fn iter(&self) -> impl Iterator<Item = &Tier> {
        self.0.iter()
    }

    /// Every name, for messages about allowed values.
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

/// `name=key_rps/key_burst:tenant_rps/tenant_burst:concurrency`
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

/// What support set for one creditor: each field that is there wins over the tier's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsOverride {
    /// Per key, requests a second.
    pub key_rps: Option<u32>,
    /// Per key, burst.
    pub key_burst: Option<u32>,
    /// Per tenant, requests a second.
    pub tenant_rps: Option<u32>,
    /// Per tenant, burst.
    pub tenant_burst: Option<u32>,
    /// Requests in progress at once.
    pub concurrency: Option<u32>,
}

impl LimitsOverride {
    /// Checks that every number that is set is within 1–[`LIMIT_MAX`].
    ///
    /// # Errors
    /// [`LimitOutOfRange`] for the first field that is not.
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

/// The limits that apply to a creditor: its tier's, field by field replaced by its override.
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
