//! What sign-in and the recognition of callers need.

use std::sync::Arc;

use super::login_throttle::LoginThrottle;
use super::unknown_token_throttle::UnknownTokenThrottle;
use crate::admission::Admission;
use crate::creditor::Creditors;
use crate::infra::{BcryptPool, Env};

/// The means of auth.
#[derive(Debug)]
pub(crate) struct Auth {
    pub(crate) env: Arc<Env>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) creditors: Arc<Creditors>,
    /// bcrypt of passwords.
    pub(crate) passwords: BcryptPool,
    pub(crate) logins: LoginThrottle,
    /// Sessions' and onboarding tokens that this process has not met.
    pub(crate) tokens: UnknownTokenThrottle,
}
