//! Bearer tokens of people: dashboard sessions and onboarding tokens. Only their SHA-256 is kept.

use entities::ids::CreditorId;
use entities::queries::sessions;
use entities::session::{self, SessionKind};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::api::error::ApiError;
use crate::api::fault::DbResultExt as _;
use crate::house::House;
use crate::vault::entropy;

/// A dashboard session ends after twelve hours, whatever happens.
const DASHBOARD_MS: i64 = 12 * 3_600_000;
/// Onboarding may take a week.
const ONBOARDING_MS: i64 = 7 * 86_400_000;

/// A token that was just made: the only moment in which it exists in clear.
#[derive(Debug)]
pub(super) struct FreshToken {
    pub(super) token: SecretString,
    pub(super) row: session::Model,
}

/// Draws a token of 256 random bits.
pub(super) fn fresh(kind: SessionKind, creditor: CreditorId, now_ms: i64) -> FreshToken {
    let mut bytes = [0_u8; 32];
    entropy(&mut bytes);
    let (prefix, life_ms) = match kind {
        SessionKind::Dashboard => ("cs_", DASHBOARD_MS),
        SessionKind::Onboarding => ("ot_", ONBOARDING_MS),
    };
    let token = SecretString::from(format!("{prefix}{}", hex::encode(bytes)));
    let row = session::Model {
        id: Uuid::now_v7(),
        token_hash: digest(&token),
        kind,
        creditor_id: creditor,
        created_ms: now_ms,
        expires_ms: now_ms + life_ms,
    };
    FreshToken { token, row }
}

/// Whose token this is. It is looked up by its digest, so no comparison depends on the secret.
pub(crate) async fn authenticate(
    house: &House,
    kind: SessionKind,
    token: &SecretString,
) -> Result<CreditorId, ApiError> {
    let found = sessions::find(
        house.db.reader(),
        kind,
        &digest(token),
        house.clock.now_ms(),
    )
    .await;
    found
        .or_fault()?
        .map(|session| session.creditor_id)
        .ok_or(match kind {
            SessionKind::Dashboard => ApiError::InvalidSession,
            SessionKind::Onboarding => ApiError::InvalidOnboardingToken,
        })
}

/// Ends this session, or all of the creditor's.
pub(crate) async fn sign_out(
    house: &House,
    creditor: CreditorId,
    token: &SecretString,
    everywhere: bool,
) -> Result<(), ApiError> {
    let db = house.db.writer();
    if everywhere {
        return sessions::end_all(db, creditor).await.or_fault();
    }
    sessions::end(db, creditor, &digest(token)).await.or_fault()
}

fn digest(token: &SecretString) -> Vec<u8> {
    Sha256::digest(token.expose_secret().as_bytes()).to_vec()
}
