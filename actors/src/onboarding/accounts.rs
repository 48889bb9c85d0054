//! Signing up and signing in.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use entities::ids::CreditorId;
use entities::queries::{audit, creditors, folded, onboarding, sessions};
use entities::session::SessionKind;
use entities::{SqlErr, audit_event, creditor};
use serde_json::json;
use uuid::Uuid;

use super::sessions::fresh;
use super::status::account_status_of;
use crate::api::error::ApiError;
use crate::api::fault::DbResultExt as _;
use crate::api::request::{SignIn, SignUp};
use crate::api::view::{CreditorView, SignedIn, SignedUp};
use crate::domain::date::rfc3339_ms;
use crate::house::House;
use crate::ledger::{AuditLine, Journal};
use crate::settings::Mode;

/// A bcrypt hash of nothing anybody knows, at the cost of real ones: signing in to an account
/// that does not exist takes as long as to one that does.
fn decoy_hash(cost: u32) -> String {
    format!("$2b${cost:02}$KBCwKxOzLha2MR.vKhKyLOzUMiSpWmx4eZ8VQf5W6vJ1r7Yw2kS1e")
}

/// Makes an account, and an onboarding token that acts for it.
pub(crate) async fn sign_up(house: &House, request: SignUp) -> Result<SignedUp, ApiError> {
    let email = request.email.trim().to_lowercase();
    if house.settings.mode == Mode::Production {
        house
            .attempts
            .sign_up(request.client, house.clock.now_ms())?;
    }
    // Before the costly hash: most doubles are people who forgot that they have an account.
    if creditors::by_email(house.db.reader(), &email)
        .await
        .or_fault()?
        .is_some()
    {
        return Err(ApiError::EmailTaken);
    }
    let cost = house.settings.password_bcrypt_cost;
    let password_hash = house.password_bcrypt.hash(request.password, cost).await?;
    let now_ms = house.clock.now_ms();
    let id = CreditorId(Uuid::now_v7());
    let row = creditor::Model {
        id,
        search: folded(&[&request.company_name, &email]),
        name: request.company_name,
        email,
        password_hash,
        tier: house.settings.tiers.default_tier().name.clone(),
        limits_override: None,
        suspended_at_ms: None,
        support_only_mint: false,
        posture_default: "preserve".to_owned(),
        company: "{}".to_owned(),
        ein_sealed: None,
        created_ms: now_ms,
    };
    let token = fresh(SessionKind::Onboarding, id, now_ms);
    let view = CreditorView {
        id: id.0,
        name: row.name.clone(),
        status: "pending_signup".to_owned(),
    };
    let expires_at = rfc3339_ms(token.row.expires_ms);
    let transaction = house.db.begin().await.or_fault()?;
    creditors::insert(&transaction, row)
        .await
        .map_err(email_taken)?;
    let mut journal = Journal::open(&transaction, &BTreeSet::from([id]), &house.clock)
        .await
        .or_fault()?;
    journal.audit(&AuditLine {
        action: "creditor.signup_started",
        actor: "creditor",
        creditor: Some(id),
        placement: None,
        data: json!({"company_name": view.name}),
    });
    sessions::insert(&transaction, token.row).await.or_fault()?;
    journal.write(&transaction).await.or_fault()?;
    transaction.commit().await.or_fault()?;
    Ok(SignedUp {
        creditor: view,
        onboarding_token: token.token,
        expires_at,
    })
}

fn email_taken(error: entities::DbErr) -> ApiError {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => ApiError::EmailTaken,
        _ => Err::<(), _>(error)
            .or_fault()
            .err()
            .unwrap_or(ApiError::Internal),
    }
}

/// Checks e-mail and password, and begins a session.
pub(crate) async fn sign_in(house: &Arc<House>, request: SignIn) -> Result<SignedIn, ApiError> {
    let now_ms = house.clock.now_ms();
    let email = request.email.trim().to_lowercase();
    house.attempts.sign_in(request.client, &email, now_ms)?;
    let found = creditors::by_email(house.db.reader(), &email)
        .await
        .or_fault()?;
    let hash = found.as_ref().map_or_else(
        || decoy_hash(house.settings.password_bcrypt_cost),
        |row| row.password_hash.clone(),
    );
    let matches = house.password_bcrypt.verify(request.password, hash).await?;
    let row = match found {
        Some(row) if matches => row,
        known => {
            note_failure(house, known.map(|row| row.id), request.client);
            return Err(ApiError::InvalidCredentials);
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

/// A failed login of a known account goes to its audit log. Not awaited: it must not take longer
/// for an account that exists.
fn note_failure(house: &Arc<House>, creditor: Option<CreditorId>, address: IpAddr) {
    let Some(creditor) = creditor else { return };
    let line = audit_event::Model {
        id: Uuid::now_v7(),
        action: "session.login_failed".to_owned(),
        actor: "anonymous".to_owned(),
        creditor_id: Some(creditor),
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
