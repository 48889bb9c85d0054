//! What happens when the last gate passes: the creditor gets its API key.
//!
//! Owns the automatic issue of the key. Every commit under the creditor's lock calls it, and it issues at most one key.
//! Never generates a secret: the reveal does.

use entities::DbErr;
use entities::api_key::{self, KeyOrigin, KeyScope, KeyState};
use entities::ids::KeyId;
use entities::queries;
use serde_json::json;
use uuid::Uuid;

use super::transaction::{CreditorTransaction, SYSTEM_ACTOR};
use crate::cluster::ChangeKind;
use crate::domain::api_key::generate_prefix;
use crate::domain::gates::should_issue;
use crate::infra::entropy;
use crate::outbox::EventType;

impl CreditorTransaction<'_> {
    /// Issues the API key if the gates allow it and none was ever issued.
    pub(super) async fn issue_if_due(&mut self) -> Result<bool, DbErr> {
        let ever_issued = self.keys.iter().any(|key| key.scope == KeyScope::ReadWrite);
        let suspended = self.creditor.suspended_at_ms.is_some();
        if !should_issue(
            &self.gates(),
            suspended,
            ever_issued,
            self.creditor.support_only_mint,
        ) {
            return Ok(false);
        }
        let now_ms = self.outbox.updated_ms(self.creditor.id);
        let key = api_key::Model {
            id: KeyId(Uuid::now_v7()),
            creditor_id: self.creditor.id,
            prefix: generate_prefix(&mut entropy).as_str().to_owned(),
            scope: KeyScope::ReadWrite,
            state: KeyState::Current,
            origin: KeyOrigin::Automatic,
            // The key has no secret yet. The reveal generates, hashes and shows it.
            secret_hash: None,
            created_ms: now_ms,
            revealed_ms: None,
            expires_ms: None,
            retired_ms: None,
            expiry_notified_ms: None,
            allowed_networks: None,
            ended_ms: None,
            ended_reason: None,
        };
        queries::insert(&self.db, key.clone()).await?;
        let data = json!({"prefix": key.prefix, "scope": key.scope.as_str(), "reason": "onboarding complete"});
        self.audit("creditor.api_key_issued", SYSTEM_ACTOR, data.clone());
        self.event(EventType::ApiKeyIssued, data);
        self.mark_changed(ChangeKind::Keys);
        self.keys.insert(0, key);
        Ok(true)
    }
}
