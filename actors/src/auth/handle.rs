//! The handle of the auth module: its dependencies and throttles.

use std::sync::Arc;

use super::login_throttle::LoginThrottle;
use super::unknown_token_throttle::UnknownTokenThrottle;
use crate::admission::Admission;
use crate::creditor::Creditors;
use crate::infra::{BcryptPool, Env};

/// Everything that authentication uses. Shared behind an `Arc`.
#[derive(Debug)]
pub(crate) struct Auth {
    pub(crate) env: Arc<Env>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) creditors: Arc<Creditors>,
    /// bcrypt pool for passwords.
    pub(crate) passwords: BcryptPool,
    pub(crate) logins: LoginThrottle,
    /// Throttle for session and onboarding tokens that are unknown to this process.
    pub(crate) tokens: UnknownTokenThrottle,
}
