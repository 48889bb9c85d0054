use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use entities::api_key::{KeyScope, KeyState};
use entities::ids::CreditorId;
use uuid::Uuid;

use super::super::permit::CallerClass;
use super::super::tenant_entry::TenantEntry;
use super::super::tenant_snapshot::SecretHash;
use super::super::verified_secrets::{digest, keyed_mac};
use super::*;
use crate::contract::RouteRequirements;
use crate::domain::allowed_networks::AllowedNetworks;
use crate::domain::api_key::{PresentedKey, generate_prefix, generate_secret};
use crate::domain::gcra::Quota;
use crate::infra::entropy;

const KEY: KeyId = KeyId(Uuid::nil());
const HASH: &str = "a hash";

fn entry() -> Arc<TenantEntry> {
    Arc::new(TenantEntry::new(CreditorId(Uuid::nil())))
}

fn request() -> AdmissionRequest {
    let prefix = generate_prefix(&mut entropy);
    let secret = generate_secret(&prefix, &mut entropy);
    let key = PresentedKey { prefix, secret };
    AdmissionRequest {
        mac: keyed_mac(&key),
        key,
        client: IpAddr::V4(Ipv4Addr::LOCALHOST),
        needs: RouteRequirements {
            writes: false,
            cost: 1,
        },
    }
}

fn live(entry: &TenantEntry, request: &AdmissionRequest, burst: u32) -> TenantSnapshot {
    let quota = Quota {
        per_second: 1,
        burst,
    };
    let key = KeySnapshot {
        prefix: request.key.prefix,
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
        expiry_notice_sent: false,
        networks: AllowedNetworks::default(),
        proven: None,
        use_reported_ms: 0,
        use_reported_from: None,
    };
    TenantSnapshot {
        generation: entry.generation(),
        limits: TenantLimits {
            key: quota,
            tenant: quota,
            concurrency: 10,
        },
        keys: smallvec::smallvec![key],
    }
}

fn decide_with_effects(
    entry: &Arc<TenantEntry>,
    request: &AdmissionRequest,
    now_us: i64,
) -> (Decision, SideEffects) {
    entry.with_state(|state| {
        let permit = |most| entry.try_acquire_permit(CallerClass::Keys, most);
        let now = Now {
            mono_us: now_us,
            time_ms: now_us / 1_000,
        };
        state.decide(entry.generation(), entry.creditor, permit, request, 1, now)
    })
}

fn decide(entry: &Arc<TenantEntry>, request: &AdmissionRequest, now_us: i64) -> Decision {
    decide_with_effects(entry, request, now_us).0
}

#[test]
fn request_is_decided_once_state_is_loaded_and_secret_verified() {
    let (entry, request) = (entry(), request());
    assert!(matches!(decide(&entry, &request, 0), Decision::Stale));
    entry.with_state(|state| state.install(live(&entry, &request, 5)));
    let Decision::NeedsVerification(input) = decide(&entry, &request, 0) else {
        panic!("the secret is not verified yet");
    };
    assert_eq!((input.key, input.hash.bcrypt.as_str()), (KEY, HASH));
    entry.with_state(|state| state.proven(KEY, request.mac, digest("another hash")));
    assert!(matches!(
        decide(&entry, &request, 0),
        Decision::NeedsVerification(_)
    ));
    entry.with_state(|state| state.proven(KEY, request.mac, digest(HASH)));
    assert!(matches!(
        decide(&entry, &request, 0),
        Decision::Decided(Ok(_))
    ));
    let other = self::request();
    assert!(matches!(decide(&entry, &other, 0), Decision::UnknownKey));
}

#[test]
fn snapshot_loaded_before_a_change_is_stale() {
    let (entry, request) = (entry(), request());
    let before = live(&entry, &request, 5);
    entry.invalidate();
    entry.with_state(|state| state.install(before));
    assert!(matches!(decide(&entry, &request, 0), Decision::Stale));
}

#[test]
fn tenant_closes_permanently_and_only_when_idle_with_full_buckets() {
    let (entry, request) = (entry(), request());
    entry.with_state(|state| {
        state.install(live(&entry, &request, 5));
        state.proven(KEY, request.mac, digest(HASH));
    });
    let Decision::Decided(Ok(admitted)) = decide(&entry, &request, 0) else {
        panic!("the state is current");
    };
    assert!(
        !entry.close_if_idle(2_000_000, 0),
        "a request is in progress"
    );
    drop(admitted);
    assert!(!entry.close_if_idle(500_000, 0), "the buckets are not full");
    assert!(
        !entry.close_if_idle(2_000_000, 60_000),
        "it was used recently"
    );
    assert!(entry.close_if_idle(2_000_000, 0));
    entry.with_state(|state| state.install(live(&entry, &request, 5)));
    assert!(matches!(
        decide(&entry, &request, 2_000_000),
        Decision::Stale
    ));
}

#[test]
fn key_use_is_reported_once_per_minute() {
    let (entry, request) = (entry(), request());
    entry.with_state(|state| {
        state.install(live(&entry, &request, 50));
        state.proven(KEY, request.mac, digest(HASH));
    });
    let reported = |now_us| decide_with_effects(&entry, &request, now_us).1.used;
    assert_eq!(reported(100_000_000), Some(KEY));
    assert_eq!(reported(159_999_000), None);
    assert_eq!(reported(160_000_000), Some(KEY));
}
