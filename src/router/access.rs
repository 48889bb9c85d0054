//! Access rules: who may call a route. Every row of the table declares one.
//!
//! Owns the types only. [`crate::layers::guard`] enforces the rules, and the OpenAPI document prints them.

use actors::RouteRequirements;

/// Who may call a route, and the cost of a call.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Access {
    /// Everyone; credentials are ignored. For public pages, sign-up, and provider events, which carry a signature.
    Anyone,
    /// Staff and internal systems, with a support token.
    Support,
    /// A creditor, with one of its credentials.
    Creditor(CreditorAccess),
}

/// The credentials of a creditor that a route accepts. A dashboard session is always accepted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CreditorAccess {
    /// Whether an API key may call. If not, a valid key gets `dashboard_session_required`.
    pub(crate) key: bool,
    /// Whether an onboarding token may call.
    pub(crate) onboarding: bool,
    /// The scope and the cost. For sessions and onboarding tokens only the cost counts.
    pub(crate) needs: RouteRequirements,
}

const READ: RouteRequirements = RouteRequirements {
    writes: false,
    cost: 1,
};
const WRITE: RouteRequirements = RouteRequirements {
    writes: true,
    cost: 1,
};

impl Access {
    /// The same rule with another cost. An API key pays it from both rate limits, a session or an
    /// onboarding token from its own limit.
    pub(crate) const fn costing(self, cost: u32) -> Self {
        match self {
            Self::Creditor(mut access) => {
                access.needs.cost = cost;
                Self::Creditor(access)
            }
            Self::Anyone | Self::Support => self,
        }
    }
}

/// Everyone, without credentials.
pub(crate) const fn anyone() -> Access {
    Access::Anyone
}

/// Requires a support token.
pub(crate) const fn support() -> Access {
    Access::Support
}

/// An API key of either scope, or a session.
pub(crate) const fn read() -> Access {
    Access::Creditor(CreditorAccess {
        key: true,
        onboarding: false,
        needs: READ,
    })
}

/// A full-access API key, or a session.
pub(crate) const fn write() -> Access {
    Access::Creditor(CreditorAccess {
        key: true,
        onboarding: false,
        needs: WRITE,
    })
}

/// Like [`read`], and also an onboarding token.
pub(crate) const fn onboarding_read() -> Access {
    Access::Creditor(CreditorAccess {
        key: true,
        onboarding: true,
        needs: READ,
    })
}

/// Like [`write`], and also an onboarding token.
pub(crate) const fn onboarding_write() -> Access {
    Access::Creditor(CreditorAccess {
        key: true,
        onboarding: true,
        needs: WRITE,
    })
}

/// A session or an onboarding token, but no API key.
pub(crate) const fn person() -> Access {
    Access::Creditor(CreditorAccess {
        key: false,
        onboarding: true,
        needs: READ,
    })
}

/// Only a session: for operations that a leaked API key must not be able to do.
pub(crate) const fn session() -> Access {
    Access::Creditor(CreditorAccess {
        key: false,
        onboarding: false,
        needs: READ,
    })
}
