//! Who may call a route. Every row of the table declares it; without one the row does not compile.
//!
//! Owns the vocabulary only: [`crate::layers::guard`] enforces it and the OpenAPI document prints it.

use actors::RouteRequirements;

/// Who may call, and what it costs them.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Access {
    /// No credentials looked at: public pages, sign-up, and provider events, which prove themselves by signature.
    Anyone,
    /// The company's own people and systems.
    Support,
    /// A creditor.
    Creditor(CreditorAccess),
}

/// Which of a creditor's credentials open a route.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CreditorAccess {
    /// An API key may call; if not, a genuine one is told that a person must do it.
    pub(crate) key: bool,
    /// The token of the onboarding wizard may call.
    pub(crate) onboarding: bool,
    /// What admission asks: of people the cost alone.
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
    /// The same, at another cost: what a key takes from both rate limits, and a person from its own.
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

/// Anyone, without credentials.
pub(crate) const fn anyone() -> Access {
    Access::Anyone
}

/// A support token.
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

/// As [`read`], and the onboarding wizard too.
pub(crate) const fn onboarding_read() -> Access {
    Access::Creditor(CreditorAccess {
        key: true,
        onboarding: true,
        needs: READ,
    })
}

/// As [`write`], and the onboarding wizard too.
pub(crate) const fn onboarding_write() -> Access {
    Access::Creditor(CreditorAccess {
        key: true,
        onboarding: true,
        needs: WRITE,
    })
}

/// A person: signed in to the dashboard, or in the onboarding wizard. Never a key.
pub(crate) const fn person() -> Access {
    Access::Creditor(CreditorAccess {
        key: false,
        onboarding: true,
        needs: READ,
    })
}

/// A person signed in to the dashboard: what a leaked key must not be able to do.
pub(crate) const fn session() -> Access {
    Access::Creditor(CreditorAccess {
        key: false,
        onboarding: false,
        needs: READ,
    })
}
