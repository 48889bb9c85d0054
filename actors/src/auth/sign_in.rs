//! Sign-in with an e-mail address and a password.
//!
//! Owns the password check. A successful sign-in starts a dashboard session. The result and its timing
//! never show whether an account exists.

use entities::creditor;
use entities::ids::CreditorId;
use entities::queries::{self, creditors, onboarding};
use entities::session::SessionKind;
use secrecy::SecretString;

use super::failed_logins::audit_failed_login;
use super::handle::Auth;
use super::sessions::{fresh, mark_known};
use crate::contract::{ApiError, CreditorView, SignIn, SignedIn};
use crate::creditor::account_status_of;
use crate::domain::date::rfc3339_ms;

/// A bcrypt hash of an unknown value, with the cost of real hashes. A sign-in to a missing account takes
/// as long as a sign-in to an existing one.
fn decoy_hash(cost: u32) -> String {
    format!("$2b${cost:02}$KBCwKxOzLha2MR.vKhKyLOzUMiSpWmx4eZ8VQf5W6vJ1r7Yw2kS1e")
}

/// Checks the e-mail address and the password, and starts a dashboard session.
pub(crate) async fn sign_in(auth: &Auth, request: SignIn) -> Result<SignedIn, ApiError> {
    let now = auth.env.clock.now();
    let email = request.email.trim().to_lowercase();
    let (throttle, account) = (&auth.logins.sign_ins, Some(email.as_str()));
    throttle.attempt(account, request.client, now.mono_ms())?;
    let checked = check_password(auth, &email, request.password).await;
    let row = match checked {
        Ok(Ok(row)) => row,
        Ok(Err(known)) => {
            audit_failed_login(&auth.env, "session.login_failed", known, request.client);
            return Err(ApiError::InvalidCredentials);
        }
        Err(error) => {
            throttle.take_back(account, request.client);
            return Err(error);
        }
    };
    throttle.record_success(account, request.client);
    let gates = onboarding::gates(auth.env.db.reader(), row.id).await?;
    let status = account_status_of(&row, gates.iter()).as_str().to_owned();
    let token = fresh(SessionKind::Dashboard, row.id, now.time_ms);
    let expires_at = rfc3339_ms(token.row.expires_ms);
    queries::insert(auth.env.db.writer(), token.row).await?;
    mark_known(auth, &token.token);
    Ok(SignedIn {
        session_token: token.token,
        expires_at,
        creditor: CreditorView {
            id: row.id.0,
            name: row.name,
            status,
        },
    })
}

/// Returns `Ok(Ok(account))` if the password matches, and otherwise `Ok(Err(creditor))` with the
/// creditor of that address, if any.
async fn check_password(
    auth: &Auth,
    email: &str,
    password: SecretString,
) -> Result<Result<creditor::Model, Option<CreditorId>>, ApiError> {
    let found = creditors::by_email(auth.env.db.reader(), email).await?;
    let hash = found.as_ref().map_or_else(
        || decoy_hash(auth.env.settings.password_bcrypt_cost),
        |row| row.password_hash.clone(),
    );
    let matches = auth.passwords.verify(password, hash).await?;
    Ok(match found {
        Some(row) if matches => Ok(row),
        known => Err(known.map(|row| row.id)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoy_hash_is_valid_and_does_not_match() {
        let verified = bcrypt::non_truncating_verify("whatever", &decoy_hash(4));
        assert!(matches!(verified, Ok(false)), "{verified:?}");
    }
}
