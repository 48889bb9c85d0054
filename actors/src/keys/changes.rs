//! Writes to key rows that all changes of keys share.

use entities::api_key::{self, KeyEndReason, KeyState};

use crate::cluster::ChangeKind;
use crate::contract::ApiError;
use crate::creditor::CreditorTransaction;

/// Who rotates or revokes a key.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Initiator<'a> {
    /// The creditor, in a dashboard session.
    Owner {
        /// The actor in the audit log.
        actor: &'a str,
    },
    /// A member of the support team.
    Support {
        /// The actor in the audit log.
        actor: &'a str,
        /// The reason. Only the audit log contains it; the creditor never sees it.
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
    reason: KeyEndReason,
) -> Result<(), ApiError> {
    key.state = KeyState::Ended;
    key.ended_ms = Some(transaction.outbox.updated_ms(transaction.creditor.id));
    key.ended_reason = Some(reason);
    save(transaction, key).await
}

/// Writes a changed key in the creditor's open transaction.
pub(super) async fn save(
    transaction: &mut CreditorTransaction<'_>,
    key: api_key::Model,
) -> Result<(), ApiError> {
    entities::queries::save(&transaction.db, key).await?;
    transaction.mark_changed(ChangeKind::Keys);
    Ok(())
}
