//! Bearer tokens of sessions_bucket: dashboard sessions and onboarding tokens. Only their SHA-256 is kept.
//!
//! A sign-in begins a family of tokens: each is exchanged for the next one as it ages, all keep
//! the first one's absolute end, and all end together.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use entities::DbErr;
use entities::ids::CreditorId;
use entities::queries::{creditors, sessions};
use entities::session::{self, SessionKind};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::handle::Auth;
use super::unknown_token_throttle::TokenLookup;
use crate::contract::{ApiError, DbResultExt as _};
use crate::domain::session_expiry::{ABSOLUTE_MS, GRACE_MS, Life, ONBOARDING_MS, Token, judge};
use crate::infra::{Env, entropy};

/// A look-up that takes longer is given up: its connection may be half open, and there are few turns.
const FIND_TIMEOUT: Duration = Duration::from_secs(5);

/// A token that was just made: the only moment in which it exists in clear.
#[derive(Debug)]
pub(super) struct FreshToken {
    pub(super) token: SecretString,
    pub(super) row: session::Model,
}

/// A live session, and the token that takes the place of the one that was presented.
#[derive(Debug)]
pub(crate) struct LiveSession {
    pub(crate) creditor: CreditorId,
    pub(crate) renewed: Option<SecretString>,
}

/// Draws the first token of a family.
pub(super) fn fresh(kind: SessionKind, creditor: CreditorId, now_ms: i64) -> FreshToken {
    let life_ms = match kind {
        SessionKind::Dashboard => ABSOLUTE_MS,
        SessionKind::Onboarding => ONBOARDING_MS,
    };
    draw(kind, creditor, Uuid::now_v7(), now_ms, now_ms + life_ms)
}

/// Draws a token of 256 random bits.
fn draw(
    kind: SessionKind,
    creditor: CreditorId,
    family: Uuid,
    now_ms: i64,
    expires_ms: i64,
) -> FreshToken {
    let mut bytes = [0_u8; 32];
    entropy(&mut bytes);
    let prefix = prefix_of(kind);
    let token = SecretString::from(format!("{prefix}{}", hex::encode(bytes)));
    let row = session::Model {
        id: Uuid::now_v7(),
        token_hash: digest(&token).to_vec(),
        kind,
        creditor_id: creditor,
        created_ms: now_ms,
        expires_ms,
        family_id: Some(family),
        seen_ms: None,
    };
    FreshToken { token, row }
}

/// Whose onboarding token this is.
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

/// Whose dashboard session this is. A `renewable` token that has aged is exchanged.
pub(crate) async fn dashboard_session(
    auth: &Auth,
    token: &SecretString,
    renewable: bool,
    client: IpAddr,
) -> Result<LiveSession, ApiError> {
    let found = find(auth, SessionKind::Dashboard, token, client).await?;
    let session = found.ok_or(ApiError::InvalidSession)?;
    let now_ms = auth.env.clock.now_ms();
    let token = Token {
        created_ms: session.created_ms,
        seen_ms: session.seen_ms.unwrap_or(session.created_ms),
        expires_ms: session.expires_ms,
    };
    let Life::Alive { note, renew } = judge(token, now_ms) else {
        return Err(ApiError::InvalidSession);
    };
    if note || session.seen_ms.is_none() {
        note_use(&auth.env, &session, now_ms);
    }
    let creditor = session.creditor_id;
    let renewed = match renew && renewable {
        true => exchange_if_possible(auth, session, now_ms).await,
        false => None,
    };
    Ok(LiveSession { creditor, renewed })
}

/// A token that was just made is nobody's guess.
pub(super) fn introduce(auth: &Auth, token: &SecretString) {
    auth.tokens.introduce(&digest(token));
}

/// It is looked up by its digest, so no comparison depends on the secret. A token that this process has not met is looked up
/// like the prefix of a key: not at all if it cannot be one, and few at a time.
async fn find(
    auth: &Auth,
    kind: SessionKind,
    token: &SecretString,
    client: IpAddr,
) -> Result<Option<session::Model>, ApiError> {
    if !has_its_shape(kind, token.expose_secret()) {
        return Ok(None);
    }
    let (digest, now_ms) = (digest(token), auth.env.clock.now_ms());
    let strangers = &auth.tokens;
    let turn = match strangers.meet(&digest, client, now_ms).await? {
        TokenLookup::Known => None,
        TokenLookup::Stranger(turn) => Some(turn),
        TokenLookup::Nobody => return Ok(None),
    };
    let asked = sessions::find(auth.env.db.reader(), kind, &digest, now_ms);
    let asked = tokio::time::timeout(FIND_TIMEOUT, asked).await;
    let found = asked.map_err(|_| ApiError::Overloaded)?.map_db_error()?;
    if turn.is_some() || found.is_none() {
        strangers.was_found(&digest, found.is_some(), client, now_ms);
    }
    Ok(found)
}

/// `cs_` or `ot_` and 64 hexadecimal digits.
fn has_its_shape(kind: SessionKind, token: &str) -> bool {
    let drawn = token.strip_prefix(prefix_of(kind)).unwrap_or_default();
    let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    drawn.len() == 64 && drawn.bytes().all(is_digit)
}

fn prefix_of(kind: SessionKind) -> &'static str {
    match kind {
        SessionKind::Dashboard => "cs_",
        SessionKind::Onboarding => "ot_",
    }
}

/// Not awaited: no request waits for it. The first use of a token shows that it has arrived, so the
/// ones that it was exchanged for have had their time.
fn note_use(env: &Arc<Env>, session: &session::Model, now_ms: i64) {
    let env = Arc::clone(env);
    let (id, created_ms) = (session.id, session.created_ms);
    let first_of = session.family_id.filter(|_| session.seen_ms.is_none());
    tokio::spawn(async move {
        let noted = async {
            let db = env.db.writer();
            // First, for once a use is noted the next one is not the first: what fails here is tried again.
            if let Some(family) = first_of {
                let until_ms = now_ms + GRACE_MS;
                sessions::shorten_older(db, family, created_ms, until_ms).await?;
            }
            sessions::touch(db, id, now_ms).await
        };
        if let Err(error) = noted.await {
            tracing::warn!(%error, "the use of a session could not be noted");
        }
    });
}

/// A token that cannot be exchanged now is still good.
async fn exchange_if_possible(
    auth: &Auth,
    old: session::Model,
    now_ms: i64,
) -> Option<SecretString> {
    let exchanged = exchange(auth, old, now_ms).await;
    exchanged.unwrap_or_else(|error| {
        tracing::warn!(%error, "a session's token could not be exchanged; trying again at its next use");
        None
    })
}

/// Exchanges a token for the next one of its family, unless another request has just done so, or
/// its session was ended meanwhile.
async fn exchange(
    auth: &Auth,
    old: session::Model,
    now_ms: i64,
) -> Result<Option<SecretString>, DbErr> {
    let family = old.family_id.unwrap_or(old.id);
    let next = draw(old.kind, old.creditor_id, family, now_ms, old.expires_ms);
    let transaction = auth.env.db.begin().await?;
    // A sign-out takes the same lock, so it misses no token that is being made.
    creditors::lock_positions(&transaction, &[old.creditor_id]).await?;
    let newest_ms = sessions::newest_of_family(&transaction, family).await?;
    if newest_ms.is_none_or(|newest_ms| now_ms - newest_ms < GRACE_MS) {
        return Ok(None);
    }
    sessions::insert(&transaction, next.row).await?;
    transaction.commit().await?;
    introduce(auth, &next.token);
    Ok(Some(next.token))
}

/// Ends this session, or all of the creditor's.
pub(crate) async fn sign_out(
    env: &Env,
    creditor: CreditorId,
    token: &SecretString,
    everywhere: bool,
) -> Result<(), ApiError> {
    let transaction = env.db.begin().await.map_db_error()?;
    creditors::lock_positions(&transaction, &[creditor])
        .await
        .map_db_error()?;
    let ended = match everywhere {
        true => sessions::end_all(&transaction, creditor).await,
        false => sessions::end(&transaction, creditor, &digest(token)).await,
    };
    ended.map_db_error()?;
    transaction.commit().await.map_db_error()
}

fn digest(token: &SecretString) -> [u8; 32] {
    Sha256::digest(token.expose_secret().as_bytes()).into()
}
