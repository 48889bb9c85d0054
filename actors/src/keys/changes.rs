//! The life of an API key after its issue: one reveal, rotation, revocation, the networks that may
//! use it, and the warning before it stops.
//!
//! Every change runs in the creditor's open transaction, so keys change one at a time; what a rotation
//! does to the older keys is [`crate::domain::key_rotation`]'s to say.

use entities::api_key::{self, KeyEnd, KeyState};

use crate::cluster::ChangeKind;
use crate::contract::{ApiError, DbResultExt as _};
use crate::creditor::CreditorTransaction;

/// On whose behalf a key is rotated or revoked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Initiator<'a> {
    /// The creditor itself, from a session.
    Owner {
        /// In the audit log.
        actor: &'a str,
    },
    /// Support.
    Support {
        /// In the audit log.
        actor: &'a str,
        /// Why; stays between support and the audit log.
        reason: &'a str,
    },
}

impl Initiator<'_> {
    pub(crate) fn actor(&self) -> &str {
        match self {
            Self::Owner { actor } | Self::Support { actor, .. } => actor,
        }
    }
}

/// Ends a key in the creditor's open transaction.
pub(super) async fn end(
    transaction: &mut CreditorTransaction<'_>,
    mut key: api_key::Model,
    reason: KeyEnd,
) -> Result<(), ApiError> {
    key.state = KeyState::Ended;
    key.ended_ms = Some(transaction.outbox.updated_ms(transaction.creditor.id));
    key.ended_reason = Some(reason);
    save(transaction, key).await
}

/// Writes a key that was changed in the creditor's open transaction.
pub(super) async fn save(
    transaction: &mut CreditorTransaction<'_>,
    key: api_key::Model,
) -> Result<(), ApiError> {
    entities::queries::keys::save(&transaction.db, key)
        .await
        .map_db_error()?;
    transaction.mark_changed(ChangeKind::Keys);
    Ok(())
}
