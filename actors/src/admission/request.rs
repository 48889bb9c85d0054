//! A request that asks to be let in, and its way to a decision.

use std::net::IpAddr;
use std::sync::Arc;

use entities::ids::KeyId;

use super::decision::Verdict;
use super::tenant_entry::TenantSlot;
use super::tenant_state::{Answer, News};
use super::verified_secrets::Mac;
use crate::app::House;
use crate::contract::RouteNeeds;
use crate::domain::api_key::PresentedKey;
use crate::keys;
use crate::keys::LastUseMsg;

/// A request that asks to be let in.
#[derive(Debug, Clone)]
pub(crate) struct Knock {
    pub(crate) key: PresentedKey,
    /// By which it is remembered.
    pub(crate) mac: Mac,
    /// Where it comes from.
    pub(crate) client: IpAddr,
    pub(crate) needs: RouteNeeds,
}

impl Knock {
    /// The decision, where nothing has to be waited for: what was read of the tenant is current,
    /// and the secret is proven. Otherwise the tenant's actor has to be asked.
    pub(crate) fn at_once(&self, house: &Arc<House>, slot: &Arc<TenantSlot>) -> Option<Verdict> {
        match self.ask(house, slot) {
            Answer::Decided(verdict) => Some(verdict),
            Answer::Stale | Answer::Unproven(_) | Answer::Nobodys => None,
        }
    }

    /// Memory may decide while the feed that would tell of changes is being heard.
    pub(super) fn ask(&self, house: &Arc<House>, slot: &Arc<TenantSlot>) -> Answer {
        if house.standing.feed_is_fresh(house.clock.now_ms()) {
            self.ask_what_was_just_read(house, slot)
        } else {
            Answer::Stale
        }
    }

    /// What was read after this request had come may decide whether the feed is heard or not.
    pub(super) fn ask_what_was_just_read(
        &self,
        house: &Arc<House>,
        slot: &Arc<TenantSlot>,
    ) -> Answer {
        let now_us = house.clock.now_us();
        slot.used(now_us / 1_000);
        let (answer, news) = slot.at_desk(|desk| desk.ask(slot, self, now_us));
        self.pass_on(news, house, slot, now_us / 1_000);
        answer
    }

    fn pass_on(&self, news: News, house: &Arc<House>, slot: &Arc<TenantSlot>, at_ms: i64) {
        if let Some(key) = news.used {
            let _ = house.addresses.last_use.send(LastUseMsg::Used {
                key,
                at_ms,
                address: self.client,
            });
        }
        if let Some(key) = news.expiring {
            tell_expiring(Arc::clone(house), Arc::clone(slot), key);
        }
    }
}

/// Beside the request: its caller must not wait for it.
fn tell_expiring(house: Arc<House>, slot: Arc<TenantSlot>, key: KeyId) {
    tokio::spawn(async move {
        let told = keys::tell_expiring(&house, slot.creditor, key).await;
        if let Err(error) = told {
            tracing::warn!(%error, "a key's near end was not told; trying again at its next use");
            slot.at_desk(|desk| desk.not_told(key));
        }
    });
}
