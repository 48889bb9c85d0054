//! Bearer tokens of dashboard sessions and of onboarding.
//!
//! Only the SHA-256 of a token is stored. A sign-in starts a family of tokens. Each token is exchanged
//! for the next one as it ages. All tokens of a family share the absolute expiry of the first one, and
//! signing out ends all of them.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use entities::ids::{CreditorId, SessionFamilyId, SessionId};
use entities::queries::{self, creditors, sessions};
use entities::session::{self, SessionKind};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::handle::Auth;
use super::unknown_token_throttle::TokenLookup;
use crate::contract::ApiError;
use crate::domain::session_expiry::{
    ABSOLUTE_MS, GRACE_MS, ONBOARDING_MS, SessionStatus, Token, judge,
};
use crate::infra::{Env, entropy};

/// Time after which a lookup is abandoned. Its connection may be half open, and lookups of unknown
/// tokens share a few permits.
const FIND_TIMEOUT: Duration = Duration::from_secs(5);

/// A new token and its row. The token is never available in clear text again.
#[derive(Debug)]
pub(super) struct NewToken {
    pub(super) token: SecretString,
    pub(super) row: session::Model,
}

/// A dashboard session that has not ended.
#[derive(Debug)]
pub(crate) struct LiveSession {
    row: session::Model,
    /// Whether this use is to be recorded.
    note: bool,
    /// Whether the token has aged.
    renew: bool,
}

/// Generates the first token of a new family.
pub(super) fn fresh(kind: SessionKind, creditor: CreditorId, now_ms: i64) -> NewToken {
    let life_ms = match kind {
        SessionKind::Dashboard => ABSOLUTE_MS,
        SessionKind::Onboarding => ONBOARDING_MS,
    };
    generate(
        kind,
        creditor,
        SessionFamilyId(Uuid::now_v7()),
        now_ms,
        now_ms + life_ms,
    )
}

/// Generates a token of 256 random bits.
fn generate(
    kind: SessionKind,
    creditor: CreditorId,
    family: SessionFamilyId,
    now_ms: i64,
    expires_ms: i64,
) -> NewToken {
    let mut bytes = [0_u8; 32];
    entropy(&mut bytes);
    let prefix = prefix_of(kind);
    let token = SecretString::from(format!("{prefix}{}", hex::encode(bytes)));
    let row = session::Model {
        id: SessionId(Uuid::now_v7()),
        token_hash: digest(&token).to_vec(),
        kind,
        creditor_id: creditor,
        created_ms: now_ms,
        expires_ms,
        family_id: family,
        seen_ms: None,
    };
    NewToken { token, row }
}

/// Returns the creditor that the onboarding token belongs to.
pub(crate) async fn onboarding_token(
    auth: &Auth,
    token: &SecretString,
    client: IpAddr,
) -> Result<CreditorId, ApiError> {
    let found = find(auth, SessionKind::Onboarding, token, client).await?;
    found
        .map(|session| session.creditor_id)
        .ok_or(ApiError::InvalidOnboardingToken)
}

/// Returns the dashboard session of the token. Changes nothing, so that a caller over its limits causes no work.
pub(crate) async fn dashboard_session(
    auth: &Auth,
    token: &SecretString,
    client: IpAddr,
) -> Result<LiveSession, ApiError> {
    let found = find(auth, SessionKind::Dashboard, token, client).await?;
    let row = found.ok_or(ApiError::InvalidSession)?;
    let token = Token {
        created_ms: row.created_ms,
        seen_ms: row.seen_ms.unwrap_or(row.created_ms),
        expires_ms: row.expires_ms,
    };
    let SessionStatus::Active { note, renew } = judge(token, auth.env.clock.now_ms()) else {
        return Err(ApiError::InvalidSession);
    };
    let note = note || row.seen_ms.is_none();
    Ok(LiveSession { row, note, renew })
}

impl LiveSession {
    pub(super) fn creditor(&self) -> CreditorId {
        self.row.creditor_id
    }

    /// Records the use of an admitted request. Exchanges the token if it has aged and is `renewable`, and returns the
    /// new one.
    pub(super) async fn used(self, auth: &Auth, renewable: bool) -> Option<SecretString> {
        let now_ms = auth.env.clock.now_ms();
        if self.note {
            record_use(&auth.env, &self.row, now_ms);
        }
        match self.renew && renewable {
            true => exchange_if_possible(auth, self.row, now_ms).await,
            false => None,
        }
    }
}

/// Marks a new token as known, so that its first use is not throttled.
pub(super) fn mark_known(auth: &Auth, token: &SecretString) {
    auth.tokens.mark_known(&digest(token));
}

/// Finds the row of a token by its digest, so that no comparison depends on the secret. A malformed
/// token is not looked up. Lookups of unknown tokens are throttled and limited in number.
async fn find(
    auth: &Auth,
    kind: SessionKind,
    token: &SecretString,
    client: IpAddr,
) -> Result<Option<session::Model>, ApiError> {
    if !is_well_formed(kind, token.expose_secret()) {
        return Ok(None);
    }
    let (digest, now) = (digest(token), auth.env.clock.now());
    let throttle = &auth.tokens;
    let permit = match throttle.meet(&digest, client, now.mono_ms()).await? {
        TokenLookup::Known => None,
        TokenLookup::Unknown(permit) => Some(permit),
        TokenLookup::Nobody => return Ok(None),
    };
    let asked = sessions::find(auth.env.db.reader(), kind, &digest, now.time_ms);
    let asked = tokio::time::timeout(FIND_TIMEOUT, asked).await;
    let found = asked.map_err(|_| ApiError::Overloaded)??;
    if permit.is_some() || found.is_none() {
        throttle.record_lookup(&digest, found.is_some(), client, now.mono_ms());
    }
    Ok(found)
}

/// Whether the token is `cs_` or `ot_` followed by 64 lowercase hexadecimal digits.
fn is_well_formed(kind: SessionKind, token: &str) -> bool {
    let digits = token.strip_prefix(prefix_of(kind)).unwrap_or_default();
    let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    digits.len() == 64 && digits.bytes().all(is_digit)
}

fn prefix_of(kind: SessionKind) -> &'static str {
    match kind {
        SessionKind::Dashboard => "cs_",
        SessionKind::Onboarding => "ot_",
    }
}

/// Records a use in a separate task, so that the request does not wait. The first use of a token
/// proves that the client has received it, so the older tokens of the family expire after the grace
/// period.
fn record_use(env: &Arc<Env>, session: &session::Model, now_ms: i64) {
    let env = Arc::clone(env);
    let (id, created_ms) = (session.id, session.created_ms);
    let first_of = session.seen_ms.is_none().then_some(session.family_id);
    tokio::spawn(async move {
        let recorded = async {
            let db = env.db.writer();
            // Shorten the older tokens before recording the use. If this fails, the next use still
            // counts as the first one and retries.
            if let Some(family) = first_of {
                let until_ms = now_ms + GRACE_MS;
                sessions::shorten_older(db, family, created_ms, until_ms).await?;
            }
            sessions::touch(db, id, now_ms).await
        };
        if let Err(error) = recorded.await {
            tracing::warn!(%error, session_id = %id, "the use of a session could not be recorded");
        }
    });
}

/// Exchanges a token. On failure the old token stays valid, so the error is only logged.
async fn exchange_if_possible(
    auth: &Auth,
    old: session::Model,
    now_ms: i64,
) -> Option<SecretString> {
    let exchanged = exchange(auth, old, now_ms).await;
    exchanged.unwrap_or_else(|error| {
        tracing::warn!(%error, "a session token could not be exchanged; its next use retries");
        None
    })
}

/// Exchanges a token for the next one of its family. Returns `None` if another request has just done
/// so, or if the session has ended in the meantime.
async fn exchange(
    auth: &Auth,
    old: session::Model,
    now_ms: i64,
) -> Result<Option<SecretString>, ApiError> {
    let _permit = auth.creditors.permit(old.creditor_id).await?;
    let family = old.family_id;
    let next = generate(old.kind, old.creditor_id, family, now_ms, old.expires_ms);
    let transaction = auth.env.db.begin().await?;
    // A sign-out takes the same lock, so it also ends a token that is inserted concurrently.
    creditors::lock_positions(&transaction, &[old.creditor_id]).await?;
    let newest_ms = sessions::newest_of_family(&transaction, family).await?;
    if newest_ms.is_none_or(|newest_ms| now_ms - newest_ms < GRACE_MS) {
        return Ok(None);
    }
    queries::insert(&transaction, next.row).await?;
    transaction.commit().await?;
    mark_known(auth, &next.token);
    Ok(Some(next.token))
}

/// Ends the session of `token`, or all sessions of the creditor if `everywhere` is set.
pub(crate) async fn sign_out(
    auth: &Auth,
    creditor: CreditorId,
    token: &SecretString,
    everywhere: bool,
) -> Result<(), ApiError> {
    let _permit = auth.creditors.permit(creditor).await?;
    let transaction = auth.env.db.begin().await?;
    creditors::lock_positions(&transaction, &[creditor]).await?;
    let ended = match everywhere {
        true => sessions::end_all(&transaction, creditor).await,
        false => sessions::end(&transaction, creditor, &digest(token)).await,
    };
    ended?;
    Ok(transaction.commit().await?)
}

fn digest(token: &SecretString) -> [u8; 32] {
    Sha256::digest(token.expose_secret().as_bytes()).into()
}
