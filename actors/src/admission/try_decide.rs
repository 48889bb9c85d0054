//! The decision where nothing has to be waited for, and what a request lacks where something has.

use std::sync::Arc;

use entities::ids::KeyId;

use super::decision::Verdict;
use super::handle::Admission;
use super::permit::Crowd;
use super::request::Knock;
use super::tenant_entry::TenantSlot;
use super::tenant_state::{Answer, News};
use crate::keys::{Keys, LastUseMsg};

impl Knock {
    /// The decision, where nothing has to be waited for: what was read of the tenant is current,
    /// and the secret is proven. Otherwise the tenant's actor has to be asked.
    pub(crate) fn at_once(&self, admission: &Admission, slot: &Arc<TenantSlot>) -> Option<Verdict> {
        match self.ask(admission, slot) {
            Answer::Decided(verdict) => Some(verdict),
            Answer::Stale | Answer::Unproven(_) | Answer::Nobodys => None,
        }
    }

    /// Memory may decide while the feed that would tell of changes is being heard.
    pub(super) fn ask(&self, admission: &Admission, slot: &Arc<TenantSlot>) -> Answer {
        if admission
            .membership
            .feed_is_fresh(admission.env.clock.now_ms())
        {
            self.ask_what_was_just_read(admission, slot)
        } else {
            Answer::Stale
        }
    }

    /// What was read after this request had come may decide whether the feed is heard or not.
    pub(super) fn ask_what_was_just_read(
        &self,
        admission: &Admission,
        slot: &Arc<TenantSlot>,
    ) -> Answer {
        let now_us = admission.env.clock.now_us();
        slot.used(now_us / 1_000);
        let (answer, news) = slot.at_desk(|desk| {
            let permit = |most| slot.permit(Crowd::Keys, most);
            desk.ask(slot.epoch(), slot.creditor, permit, self, now_us)
        });
        self.pass_on(news, admission, slot, now_us / 1_000);
        answer
    }

    fn pass_on(&self, news: News, admission: &Admission, slot: &Arc<TenantSlot>, at_ms: i64) {
        if let Some(key) = news.used {
            let _ = admission.keys.usage.send(LastUseMsg::Used {
                key,
                at_ms,
                address: self.client,
            });
        }
        if let Some(key) = news.expiring {
            tell_expiring(Arc::clone(&admission.keys), Arc::clone(slot), key);
        }
    }
}

/// Beside the request: its caller must not wait for it.
fn tell_expiring(keys: Arc<Keys>, slot: Arc<TenantSlot>, key: KeyId) {
    tokio::spawn(async move {
        let told = crate::keys::tell_expiring(&keys, slot.creditor, key).await;
        if let Err(error) = told {
            tracing::warn!(%error, "a key's near end was not told; trying again at its next use");
            slot.at_desk(|desk| desk.not_told(key));
        }
    });
}
