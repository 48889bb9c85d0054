//! Callers with a support token.

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::failed_logins::note_failure;
use super::handle::Auth;
use crate::contract::ApiError;

/// A support caller.
#[derive(Debug, Clone)]
pub struct SupportActor {
    name: String,
}

impl SupportActor {
    /// Its name in the audit log.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Auth {
    /// Which support caller this is. Every configured token is compared, in constant time. A wrong one is in the audit log;
    /// whoever goes on trying has to wait, and a right token never does.
    ///
    /// # Errors
    /// [`ApiError::InvalidSupportToken`], [`ApiError::TooManyAttempts`].
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

/// Refuses a wrong support token, and notes it as a failed login; whoever goes on trying has to wait.
fn refuse_support(auth: &Auth, address: IpAddr) -> ApiError {
    let now_ms = auth.env.clock.now_ms();
    if let Err(wait) = auth.logins.wrong_support_token(address, now_ms) {
        return wait;
    }
    note_failure(&auth.env, "support.login_failed", None, address);
    ApiError::InvalidSupportToken
}
