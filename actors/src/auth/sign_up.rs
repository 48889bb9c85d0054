//! Sign-up, which creates an account and an onboarding token for it.
//!
//! Owns the creation of the creditor row. It never starts a dashboard session.

use std::collections::BTreeSet;

use entities::ids::CreditorId;
use entities::placement::StoredPosture;
use entities::queries::{self, creditors, fold_case};
use entities::session::SessionKind;
use entities::{SqlErr, creditor};
use serde_json::json;
use uuid::Uuid;

use super::handle::Auth;
use super::sessions::{fresh, mark_known};
use crate::contract::{ApiError, CreditorView, SignUp, SignedUp};
use crate::domain::date::rfc3339_ms;
use crate::domain::text;
use crate::infra::Mode;
use crate::outbox::{AuditEntry, Outbox};

/// Creates an account and an onboarding token that acts for it.
///
/// # Errors
/// [`ApiError::EmailTaken`]; in production also [`ApiError::TooManyAttempts`].
pub(crate) async fn sign_up(auth: &Auth, request: SignUp) -> Result<SignedUp, ApiError> {
    let email = request.email.trim().to_lowercase();
    if auth.env.settings.mode == Mode::Production {
        let (throttle, now_ms) = (&auth.logins.sign_ups, auth.env.clock.mono_ms());
        throttle.attempt(None, request.client, now_ms)?;
    }
    // Check before the costly hash: most duplicates are people who forgot that they have an account.
    if creditors::by_email(auth.env.db.reader(), &email)
        .await?
        .is_some()
    {
        return Err(ApiError::EmailTaken);
    }
    let cost = auth.env.settings.password_bcrypt_cost;
    let password_hash = auth.passwords.hash(request.password, cost).await?;
    let now_ms = auth.env.clock.now_ms();
    let id = CreditorId(Uuid::now_v7());
    let row = creditor::Model {
        id,
        search: fold_case(&[&text::comparable(&request.company_name), &email]),
        name: request.company_name,
        email,
        password_hash,
        tier: auth.env.settings.tiers.default_tier().name.clone(),
        limits_override: None,
        suspended_at_ms: None,
        support_only_mint: false,
        posture_default: StoredPosture::Preserve,
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
    let transaction = auth.env.db.begin().await?;
    creditors::insert(&transaction, row)
        .await
        .map_err(map_insert_error)?;
    let mut outbox = Outbox::open(&transaction, &BTreeSet::from([id]), &auth.env.clock).await?;
    outbox.audit(&AuditEntry {
        action: "creditor.signup_started",
        actor: "creditor",
        creditor: Some(id),
        placement: None,
        data: json!({"company_name": view.name}),
    });
    queries::insert(&transaction, token.row).await?;
    let outbound = outbox.write(&auth.creditors.outbox, &transaction).await?;
    transaction.commit().await?;
    outbound.dispatch(&auth.creditors.outbox);
    mark_known(auth, &token.token);
    Ok(SignedUp {
        creditor: view,
        onboarding_token: token.token,
        expires_at,
    })
}

fn map_insert_error(error: entities::DbErr) -> ApiError {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => ApiError::EmailTaken,
        _ => error.into(),
    }
}
