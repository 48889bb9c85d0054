//! The inline decision in the request task, and its side effects.
//!
//! Owns the freshness check of the control feed. It never waits: if state is missing, the caller
//! sends the request to the tenant actor.

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
    /// Decides inline if the snapshot is current and the secret is verified. Returns `None` if the
    /// tenant actor must decide.
    pub(crate) fn try_decide(
        &self,
        admission: &Admission,
        entry: &Arc<TenantEntry>,
    ) -> Option<AdmissionResult> {
        match self.decide_if_feed_fresh(admission, entry) {
            Decision::Decided(verdict) => Some(verdict),
            Decision::Stale
            | Decision::NeedsVerification(_)
            | Decision::SecretMissing
            | Decision::UnknownKey => None,
        }
    }

    /// Asks the tenant state for a decision. Cached state counts as stale while the control feed,
    /// which reports changes, is not fresh.
    pub(super) fn decide_if_feed_fresh(
        &self,
        admission: &Admission,
        entry: &Arc<TenantEntry>,
    ) -> Decision {
        if admission
            .membership
            .feed_is_fresh(admission.env.clock.mono_ms())
        {
            self.decide_from_snapshot(admission, entry)
        } else {
            Decision::Stale
        }
    }

    /// Asks the tenant state without checking the control feed. The caller must have loaded the
    /// snapshot after the request arrived.
    pub(super) fn decide_from_snapshot(
        &self,
        admission: &Admission,
        entry: &Arc<TenantEntry>,
    ) -> Decision {
        let (nodes, now) = (
            admission.membership.nodes().get(),
            admission.env.clock.now(),
        );
        entry.mark_used(now.mono_ms());
        let (answer, effects) = entry.with_state(|state| {
            let permit = |most| entry.try_acquire_permit(CallerClass::Keys, most);
            state.decide(entry.generation(), entry.creditor, permit, self, nodes, now)
        });
        self.apply(effects, admission, entry, now.time_ms);
        answer
    }

    fn apply(
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
        if let Some(key) = effects.expiry_notice {
            send_expiry_notice(Arc::clone(&admission.keys), Arc::clone(entry), key);
        }
    }
}

/// Sends the notice in its own task, because the request must not wait for it.
fn send_expiry_notice(keys: Arc<Keys>, entry: Arc<TenantEntry>, key: KeyId) {
    tokio::spawn(async move {
        let sent = crate::keys::send_expiry_notice(&keys, entry.creditor, key).await;
        if let Err(error) = sent {
            tracing::warn!(%error, "the expiry notice of a key could not be sent; its next use retries");
            entry.with_state(|state| state.expiry_not_sent(key));
        }
    });
}
