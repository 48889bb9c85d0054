//! The decision where nothing has to be waited for, and what a request lacks where something has.

use std::sync::Arc;

use entities::ids::KeyId;

use super::decision::AdmissionResult;
use super::handle::Admission;
use super::permit::CallerClass;
use super::request::AdmissionRequest;
use super::tenant_entry::TenantEntry;
use super::tenant_state::{Decision, SideEffects};
use crate::keys::{KeyUsageMsg, Keys};

impl AdmissionRequest {
    /// The decision, where nothing has to be waited for: what was read of the tenant is current,
    /// and the secret is proven. Otherwise the tenant's actor has to be asked.
    pub(crate) fn try_decide(
        &self,
        admission: &Admission,
        entry: &Arc<TenantEntry>,
    ) -> Option<AdmissionResult> {
        match self.ask(admission, entry) {
            Decision::Decided(verdict) => Some(verdict),
            Decision::Stale | Decision::NeedsVerification(_) | Decision::UnknownKey => None,
        }
    }

    /// Memory may decide while the feed that would tell of changes is being heard.
    pub(super) fn ask(&self, admission: &Admission, entry: &Arc<TenantEntry>) -> Decision {
        if admission
            .membership
            .feed_is_fresh(admission.env.clock.now_ms())
        {
            self.ask_what_was_just_read(admission, entry)
        } else {
            Decision::Stale
        }
    }

    /// What was read after this request had come may decide whether the feed is heard or not.
    pub(super) fn ask_what_was_just_read(
        &self,
        admission: &Admission,
        entry: &Arc<TenantEntry>,
    ) -> Decision {
        let now_us = admission.env.clock.now_us();
        entry.used(now_us / 1_000);
        let (answer, effects) = entry.with_state(|state| {
            let permit = |most| entry.permit(CallerClass::Keys, most);
            state.ask(entry.generation(), entry.creditor, permit, self, now_us)
        });
        self.pass_on(effects, admission, entry, now_us / 1_000);
        answer
    }

    fn pass_on(
        &self,
        effects: SideEffects,
        admission: &Admission,
        entry: &Arc<TenantEntry>,
        at_ms: i64,
    ) {
        if let Some(key) = effects.used {
            let _ = admission.keys.usage.send(KeyUsageMsg::Used {
                key,
                at_ms,
                address: self.client,
            });
        }
        if let Some(key) = effects.expiring {
            send_expiry_notice(Arc::clone(&admission.keys), Arc::clone(entry), key);
        }
    }
}

/// Beside the request: its caller must not wait for it.
fn send_expiry_notice(keys: Arc<Keys>, entry: Arc<TenantEntry>, key: KeyId) {
    tokio::spawn(async move {
        let told = crate::keys::send_expiry_notice(&keys, entry.creditor, key).await;
        if let Err(error) = told {
            tracing::warn!(%error, "a key's near end was not told; trying again at its next use");
            entry.with_state(|state| state.expiry_not_sent(key));
        }
    });
}
