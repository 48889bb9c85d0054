//! Keys at the door: genuine, alive, within both limits.

use serde_json::json;

use crate::harness::account::place;
use crate::harness::forged_keys::forged_key;
use crate::harness::{Account, TestServer, on_both_backends};

on_both_backends! {
    async fn malformed_unknown_and_wrong_keys_look_the_same(database: TestDatabase) {
        let server = TestServer::start(&database).await;
        let (account, _) = Account::ready(&server.http).await;
        let status = account.applicant.get("/v1/creditors/me/status").await.expect(200);
        let real_prefix = status["api_key"]["prefix"].as_str().unwrap().to_owned();
        // A prefix that nobody has, one whose secret was never drawn, and one that is in use.
        let unrevealed = Account::sign_up(&server.http).await;
        unrevealed.onboard().await;
        let status = unrevealed.applicant.get("/v1/creditors/me/status").await.expect(200);
        let silent_prefix = status["api_key"]["prefix"].as_str().unwrap();
        let mut mistyped = forged_key(None, 1);
        let last = mistyped.pop().unwrap();
        mistyped.push(if last == '0' { '1' } else { '0' });
        let mut answers = Vec::new();
        for token in ["nonsense", "ca_abcdefgh_short", &mistyped, &forged_key(None, 2), &forged_key(Some(silent_prefix), 3), &forged_key(Some(&real_prefix), 4)] {
            let mut answer = server.http.bearer(token).get("/v1/placements").await;
            assert_eq!((answer.status, answer.code()), (401, "invalid_api_key"), "{token}");
            answer.body.as_object_mut().unwrap().remove("request_id");
            answer.headers.remove("x-request-id");
            answer.headers.remove("date");
            answers.push((answer.headers, answer.body));
        }
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
        let missing = server.http.get("/v1/placements").await;
        assert_eq!((missing.status, missing.code()), (401, "missing_api_key"));
        server.stop().await;
    }

    async fn a_fresh_key_is_checked_by_bcrypt_once(database: TestDatabase) {
        let server = TestServer::start(&database).await;
        let (_, key) = Account::ready(&server.http).await;
        let requests = (0..200).map(|_| key.get("/v1/settings"));
        let answers = futures::future::join_all(requests).await;
        assert!(answers.iter().all(|answer| answer.status == 200));
        assert_eq!(server.running.api().key_bcrypt_checks(), 1);
        server.stop().await;
    }

    async fn both_limits_show_and_refuse_with_a_true_retry_after(database: TestDatabase) {
        let server = TestServer::start(&database).await;
        let (account, key) = Account::ready(&server.http).await;
        let path = format!("/support/v1/creditors/{}", account.id);
        let limits = json!({"key_rps": 1, "key_burst": 5, "tenant_rps": 2, "tenant_burst": 9, "concurrency": 50});
        server.support().patch(&path, json!({"limits": limits, "reason": "for the test"})).await.expect(200);
        let first = key.get("/v1/settings").await;
        assert_eq!(first.header("RateLimit-Policy"), Some("\"key\";q=5;w=5, \"tenant\";q=9;w=5"));
        assert_eq!(first.header("RateLimit"), Some("\"key\";r=4;t=1, \"tenant\";r=8;t=1"));
        let rest = futures::future::join_all((0..30).map(|_| key.get("/v1/settings"))).await;
        let admitted = rest.iter().filter(|answer| answer.status == 200).count();
        assert!((4..=6).contains(&admitted), "a burst of 5, and what a second or two refills: {admitted}");
        let refused = rest.iter().find(|answer| answer.status == 429).unwrap();
        assert_eq!(refused.code(), "rate_limited");
        let wait: u64 = refused.header("Retry-After").unwrap().parse().unwrap();
        assert!((1..=5).contains(&wait), "{wait}");
        assert!(refused.header("RateLimit").is_some());
        server.stop().await;
    }

    async fn a_key_revoked_by_support_is_dead_from_the_next_request_on(database: TestDatabase) {
        let server = TestServer::start(&database).await;
        let (account, key) = Account::ready(&server.http).await;
        key.get("/v1/settings").await.expect(200);
        let path = format!("/support/v1/creditors/{}/api-key/revoke", account.id);
        assert_eq!(server.support().post(&path, json!({"reason": "leaked"})).await.status, 204);
        let refused = key.get("/v1/settings").await;
        assert_eq!((refused.status, refused.code()), (401, "revoked_api_key"));
        let minted = account.applicant.act("/v1/creditors/me/api-key").await;
        assert_eq!(minted.code(), "already_revealed", "after a revocation only support mints");
        let path = format!("/support/v1/creditors/{}/api-key/rotate", account.id);
        let fresh = server.support().post(&path, json!({"reason": "owner identified"})).await.expect(201);
        server.http.bearer(fresh["api_key"].as_str().unwrap()).get("/v1/settings").await.expect(200);
        server.stop().await;
    }

    async fn a_key_that_was_never_issued_cannot_be_revoked(database: TestDatabase) {
        let server = TestServer::start(&database).await;
        let account = Account::sign_up(&server.http).await;
        let path = format!("/support/v1/creditors/{}/api-key/revoke", account.id);
        let refused = server.support().post(&path, json!({"reason": "by mistake"})).await;
        assert_eq!((refused.status, refused.code()), (404, "not_found"));
        account.onboard().await;
        account.reveal().await.get("/v1/settings").await.expect(200);
        server.stop().await;
    }

    async fn support_rotates_and_the_old_key_ends_at_once_or_retires(database: TestDatabase) {
        let server = TestServer::start(&database).await;
        let (account, first) = Account::ready(&server.http).await;
        let path = format!("/support/v1/creditors/{}/api-key/rotate", account.id);
        let rotate = |overlap: u32| {
            let (support, http, path) = (server.support(), server.http.clone(), path.clone());
            async move {
                let body = json!({"reason": "compromised", "overlap_hours": overlap});
                http.bearer(support.post(&path, body).await.expect(201)["api_key"].as_str().unwrap())
            }
        };
        let second = rotate(24).await;
        assert!(first.get("/v1/settings").await.header("Api-Key-Expires-At").is_some(), "a retiring key says when it stops");
        second.get("/v1/settings").await.expect(200);
        let body = json!({"reason": "again", "overlap_hours": 24});
        let refused = server.support().post(&path, body).await;
        assert_eq!((refused.status, refused.code()), (409, "rotation_in_progress"));
        first.get("/v1/settings").await.expect(200);
        let third = rotate(0).await;
        assert_eq!(first.get("/v1/settings").await.code(), "revoked_api_key");
        assert_eq!(second.get("/v1/settings").await.code(), "revoked_api_key");
        third.get("/v1/settings").await.expect(200);
        assert_eq!(database.number("SELECT count(*) FROM api_key WHERE state = 'current'").await, 1);
        assert_eq!(database.number("SELECT count(*) FROM audit_event WHERE action = 'creditor.api_key_issued'").await, 3);
        server.stop().await;
    }

    async fn a_leaked_key_cannot_help_itself(database: TestDatabase) {
        let server = TestServer::start(&database).await;
        let (_, key) = Account::ready(&server.http).await;
        let url = json!({"webhook_url": "http://127.0.0.1:9/steal"});
        for refused in [key.patch("/v1/settings", url).await, key.get("/v1/settings/webhook-secret").await] {
            assert_eq!((refused.status, refused.code()), (403, "dashboard_session_required"));
        }
        server.stop().await;
    }

    async fn another_creditors_placement_is_not_found(database: TestDatabase) {
        let server = TestServer::start(&database).await;
        let (_, mine) = Account::ready(&server.http).await;
        let (_, theirs) = Account::ready(&server.http).await;
        let id = place(&mine, "INV-1").await;
        for path in ["", "/audit"] {
            let answer = theirs.get(&format!("/v1/placements/{id}{path}")).await;
            assert_eq!((answer.status, answer.code()), (404, "not_found"));
        }
        let answer = theirs.act(&format!("/v1/placements/{id}/recall")).await;
        assert_eq!((answer.status, answer.code()), (404, "not_found"));
        assert_eq!(theirs.get("/v1/placements").await.expect(200)["total"], json!(0));
        server.stop().await;
    }
}
