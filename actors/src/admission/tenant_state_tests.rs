use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use entities::api_key::{KeyScope, KeyState};
use entities::ids::CreditorId;
use uuid::Uuid;

use super::super::permit::Crowd;
use super::super::tenant_entry::TenantSlot;
use super::super::tenant_snapshot::SecretHash;
use super::super::verified_secrets::{digest, keyed_mac};
use super::*;
use crate::contract::RouteNeeds;
use crate::domain::allowed_networks::AllowedNetworks;
use crate::domain::api_key::{PresentedKey, generate_prefix, generate_secret};
use crate::domain::gcra::Quota;
use crate::infra::entropy;

const KEY: KeyId = KeyId(Uuid::nil());
const HASH: &str = "a hash";

fn slot() -> Arc<TenantSlot> {
    Arc::new(TenantSlot::new(CreditorId(Uuid::nil())))
}

fn knock() -> Knock {
    let prefix = generate_prefix(&mut entropy);
    let secret = generate_secret(&prefix, &mut entropy);
    let key = PresentedKey { prefix, secret };
    Knock {
        mac: keyed_mac(&key),
        key,
        client: IpAddr::V4(Ipv4Addr::LOCALHOST),
        needs: RouteNeeds {
            writes: false,
            cost: 1,
        },
    }
}

fn live(slot: &TenantSlot, knock: &Knock, burst: u32) -> Live {
    let quota = Quota {
        per_second: 1,
        burst,
    };
    let key = LiveKey {
        prefix: knock.key.prefix,
        id: KEY,
        scope: KeyScope::ReadWrite,
        state: KeyState::Current,
        ended_reason: None,
        secret_hash: Some(Box::new(SecretHash {
            bcrypt: HASH.to_owned(),
            digest: digest(HASH),
        })),
        retired_ms: None,
        expires_ms: None,
        expiring_told: false,
        networks: AllowedNetworks::default(),
        proven: None,
        use_told_ms: 0,
        used_from: None,
    };
    Live {
        epoch: slot.epoch(),
        limits: TenantLimits {
            key: quota,
            tenant: quota,
            concurrency: 10,
        },
        keys: smallvec::smallvec![key],
    }
}

fn ask_desk(slot: &Arc<TenantSlot>, knock: &Knock, now_us: i64) -> (Answer, News) {
    slot.at_desk(|desk| {
        let permit = |most| slot.permit(Crowd::Keys, most);
        desk.ask(slot.epoch(), slot.creditor, permit, knock, now_us)
    })
}

fn ask(slot: &Arc<TenantSlot>, knock: &Knock, now_us: i64) -> Answer {
    ask_desk(slot, knock, now_us).0
}

#[test]
fn what_is_missing_is_asked_for_and_then_it_is_decided() {
    let (slot, knock) = (slot(), knock());
    assert!(matches!(ask(&slot, &knock, 0), Answer::Stale));
    slot.at_desk(|desk| desk.lay_out(live(&slot, &knock, 5)));
    let Answer::Unproven(question) = ask(&slot, &knock, 0) else {
        panic!("nobody has matched the secret yet");
    };
    assert_eq!((question.key, question.hash.bcrypt.as_str()), (KEY, HASH));
    slot.at_desk(|desk| desk.proven(KEY, knock.mac, digest("another hash")));
    assert!(matches!(ask(&slot, &knock, 0), Answer::Unproven(_)));
    slot.at_desk(|desk| desk.proven(KEY, knock.mac, digest(HASH)));
    assert!(matches!(ask(&slot, &knock, 0), Answer::Decided(Ok(_))));
    let other = self::knock();
    assert!(matches!(ask(&slot, &other, 0), Answer::Nobodys));
}

#[test]
fn nothing_that_was_read_before_a_change_decides_after_it() {
    let (slot, knock) = (slot(), knock());
    let before = live(&slot, &knock, 5);
    slot.invalidate();
    slot.at_desk(|desk| desk.lay_out(before));
    assert!(matches!(ask(&slot, &knock, 0), Answer::Stale));
}

#[test]
fn a_tenant_is_let_go_only_when_its_cells_are_full_and_then_for_good() {
    let (slot, knock) = (slot(), knock());
    slot.at_desk(|desk| {
        desk.lay_out(live(&slot, &knock, 5));
        desk.proven(KEY, knock.mac, digest(HASH));
    });
    let Answer::Decided(Ok(admitted)) = ask(&slot, &knock, 0) else {
        panic!("it is ready");
    };
    assert!(!slot.close_if_idle(2_000_000, 0), "a request is under way");
    drop(admitted);
    assert!(!slot.close_if_idle(500_000, 0), "forgetting would hand out");
    assert!(
        !slot.close_if_idle(2_000_000, 60_000),
        "it was used just now"
    );
    assert!(slot.close_if_idle(2_000_000, 0));
    slot.at_desk(|desk| desk.lay_out(live(&slot, &knock, 5)));
    assert!(matches!(ask(&slot, &knock, 2_000_000), Answer::Stale));
}

#[test]
fn a_use_is_passed_on_once_a_minute() {
    let (slot, knock) = (slot(), knock());
    slot.at_desk(|desk| {
        desk.lay_out(live(&slot, &knock, 50));
        desk.proven(KEY, knock.mac, digest(HASH));
    });
    let told = |now_us| ask_desk(&slot, &knock, now_us).1.used;
    assert_eq!(told(100_000_000), Some(KEY));
    assert_eq!(told(159_999_000), None);
    assert_eq!(told(160_000_000), Some(KEY));
}
