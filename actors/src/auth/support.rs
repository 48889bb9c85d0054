//! Authentication of callers with a support token.

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::failed_logins::audit_failed_login;
use super::handle::Auth;
use crate::contract::ApiError;

/// An authenticated support caller.
#[derive(Debug, Clone)]
pub struct SupportActor {
    name: String,
}

impl SupportActor {
    /// The name that the audit log shows for this caller.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Auth {
    /// Returns the support caller that the token belongs to. Compares every configured token in
    /// constant time. A correct token is never throttled.
    ///
    /// # Errors
    /// [`ApiError::InvalidSupportToken`] for a wrong token,
    /// [`ApiError::TooManyAttempts`] for an address that has sent too many of them.
    pub(crate) fn support(
        &self,
        token: &SecretString,
        client: IpAddr,
    ) -> Result<SupportActor, ApiError> {
        let digest = |text: &SecretString| Sha256::digest(text.expose_secret().as_bytes());
        let presented = digest(token);
        let mut found = None;
        for known in &self.env.settings.support_tokens {
            if bool::from(digest(&known.token).ct_eq(&presented)) {
                found = Some(SupportActor {
                    name: known.name.clone(),
                });
            }
        }
        match found {
            Some(actor) => Ok(actor),
            None => Err(refuse_support(self, client)),
        }
    }
}

/// Returns the error for a wrong support token. Writes an audit entry unless the address is throttled.
fn refuse_support(auth: &Auth, address: IpAddr) -> ApiError {
    let now_ms = auth.env.clock.mono_ms();
    if let Err(wait) = auth.logins.support_tokens.attempt(None, address, now_ms) {
        return wait;
    }
    audit_failed_login(&auth.env, "support.login_failed", None, address);
    ApiError::InvalidSupportToken
}
