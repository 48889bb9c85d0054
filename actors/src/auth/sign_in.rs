//! Signing in: an e-mail address and a password become a dashboard session.

use std::net::IpAddr;
use std::sync::Arc;

use entities::ids::CreditorId;
use entities::queries::{audit, creditors, onboarding, sessions};
use entities::session::SessionKind;
use entities::{audit_event, creditor};
use secrecy::SecretString;
use serde_json::json;
use uuid::Uuid;

use super::sessions::{fresh, introduce};
use crate::app::House;
use crate::contract::{ApiError, CreditorView, DbResultExt as _, SignIn, SignedIn};
use crate::creditor::account_status_of;
use crate::domain::date::rfc3339_ms;

/// A bcrypt hash of nothing anybody knows, at the cost of real ones: signing in to an account
/// that does not exist takes as long as to one that does.
fn decoy_hash(cost: u32) -> String {
    format!("$2b${cost:02}$KBCwKxOzLha2MR.vKhKyLOzUMiSpWmx4eZ8VQf5W6vJ1r7Yw2kS1e")
}

/// Checks e-mail and password, and begins a session.
pub(crate) async fn sign_in(house: &Arc<House>, request: SignIn) -> Result<SignedIn, ApiError> {
    let now_ms = house.clock.now_ms();
    let email = request.email.trim().to_lowercase();
    house.attempts.sign_in(request.client, &email, now_ms)?;
    let judged = check_password(house, &email, request.password).await;
    let row = match judged {
        Ok(Ok(row)) => row,
        Ok(Err(known)) => {
            note_failure(house, "session.login_failed", known, request.client);
            return Err(ApiError::InvalidCredentials);
        }
        Err(error) => {
            house.attempts.not_judged(request.client, &email);
            return Err(error);
        }
    };
    house.attempts.succeeded(request.client, &email);
    let gates = onboarding::gates(house.db.reader(), row.id)
        .await
        .or_fault()?;
    let status = account_status_of(&row, gates.iter()).as_str().to_owned();
    let token = fresh(SessionKind::Dashboard, row.id, now_ms);
    let expires_at = rfc3339_ms(token.row.expires_ms);
    sessions::insert(house.db.writer(), token.row)
        .await
        .or_fault()?;
    introduce(house, &token.token);
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

/// The account, if this is its password; otherwise whose it is not.
async fn check_password(
    house: &House,
    email: &str,
    password: SecretString,
) -> Result<Result<creditor::Model, Option<CreditorId>>, ApiError> {
    let found = creditors::by_email(house.db.reader(), email)
        .await
        .or_fault()?;
    let hash = found.as_ref().map_or_else(
        || decoy_hash(house.settings.password_bcrypt_cost),
        |row| row.password_hash.clone(),
    );
    let matches = house.password_bcrypt.verify(password, hash).await?;
    Ok(match found {
        Some(row) if matches => Ok(row),
        known => Err(known.map(|row| row.id)),
    })
}

/// Refuses a wrong support token, and notes it as a failed login; whoever goes on trying has to wait.
pub(crate) fn refuse_support(house: &Arc<House>, address: IpAddr) -> ApiError {
    let now_ms = house.clock.now_ms();
    if let Err(wait) = house.attempts.wrong_support_token(address, now_ms) {
        return wait;
    }
    note_failure(house, "support.login_failed", None, address);
    ApiError::InvalidSupportToken
}

/// A failed login goes to the audit log. Not awaited: it must not take longer for an account that
/// exists.
fn note_failure(house: &Arc<House>, action: &str, creditor: Option<CreditorId>, address: IpAddr) {
    let line = audit_event::Model {
        id: Uuid::now_v7(),
        action: action.to_owned(),
        actor: "anonymous".to_owned(),
        creditor_id: creditor,
        placement_id: None,
        at_ms: house.clock.now_ms(),
        data: json!({"address": address}).to_string(),
    };
    let house = Arc::clone(house);
    tokio::spawn(async move {
        if let Err(error) = audit::append(house.db.writer(), vec![line]).await {
            tracing::error!(%error, "a failed login could not be noted");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_decoy_is_a_hash_that_bcrypt_works_on() {
        let verified = bcrypt::non_truncating_verify("whatever", &decoy_hash(4));
        assert!(matches!(verified, Ok(false)), "{verified:?}");
    }
}
