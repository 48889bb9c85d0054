//! A panic in each kind of actor, with permits out, rows leased and a batch mid-commit: the tree
//! heals, the other tenants never notice, nothing is lost, no burst is refilled.

use std::collections::HashSet;

use actors::ActorKind;
use serde_json::json;
use uuid::Uuid;

use crate::harness::account::invoice;
use crate::harness::server::config;
use crate::harness::{Account, Receiver, TestServer, eventually, on_both_backends};

on_both_backends! {
    async fn the_tree_heals_and_nothing_is_lost(database: TestDatabase) {
        let mut settings = config(&database);
        settings.settings.simulator = true;
        let server = TestServer::start_with(settings).await;
        let receiver = Receiver::start().await;
        let (account, key) = Account::ready(&server.http).await;
        account.set_webhook(&receiver.url).await;
        let (_, neighbour) = Account::ready(&server.http).await;
        key.get("/v1/settings").await.expect(200);
        let creditor = Uuid::parse_str(&account.id).unwrap();
        let endpoint = database.endpoint_id().await;
        let kinds = [
            ActorKind::Tenant(creditor), ActorKind::Writer(creditor), ActorKind::GateEvaluator, ActorKind::SecretVerifier, ActorKind::KeyUsageRecorder,
            ActorKind::Endpoint(endpoint), ActorKind::Completer, ActorKind::Replayer, ActorKind::Dispatcher, ActorKind::Registry, ActorKind::Node,
            ActorKind::Simulator,
        ];
        let mut accepted = HashSet::new();
        for (round, kind) in kinds.into_iter().enumerate() {
            let posts: Vec<_> = (0..20).map(|n| {
                let (key, number) = (key.clone(), format!("INV-{round}-{n}"));
                tokio::spawn(async move {
                    // What a client with a key does on 503: the same request again.
                    for _ in 0..40 {
                        let answer = key.post_keyed("/v1/placements", invoice(&number), &number).await;
                        if answer.status == 201 {
                            return number;
                        }
                        assert_eq!(answer.status, 503, "{}", answer.body);
                        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                    }
                    panic!("{number} was never accepted");
                })
            }).collect();
            assert!(server.running.api().inject_panic(kind), "{kind:?} runs");
            for post in posts {
                accepted.insert(post.await.unwrap());
            }
            eventually("the tree heals", || async {
                let deep = server.http.get("/health/deep").await;
                (deep.status == 200).then_some(())
            }).await;
            let seen = neighbour.get("/v1/placements").await;
            assert_eq!(seen.status, 200, "{kind:?}: the neighbour never notices: {}", seen.body);
        }
        eventually("every accepted event arrives", || async {
            let arrived: HashSet<String> = receiver.accepted().iter()
                .filter(|arrival| arrival.kind() == "placement.created")
                .map(|arrival| arrival.body["data"]["invoice_number"].as_str().unwrap().to_owned())
                .collect();
            accepted.is_subset(&arrived).then_some(())
        }).await;
        let placed = i64::try_from(20 * kinds.len()).unwrap();
        assert_eq!(database.number("SELECT count(*) FROM placement").await, placed, "nothing was done twice");
        eventually("no lease is left behind", || async {
            (database.number("SELECT count(*) FROM delivery WHERE owner IS NOT NULL").await == 0).then_some(())
        }).await;
        server.stop().await;
    }

    async fn a_cold_key_gets_in_although_the_verifier_dies_under_it(database: TestDatabase) {
        let server = TestServer::start(&database).await;
        for round in 0..8 {
            let (_, key) = Account::ready(&server.http).await;
            let asking = tokio::spawn(async move {
                for _ in 0..100 {
                    let answer = key.get("/v1/settings").await;
                    if answer.status == 200 {
                        return true;
                    }
                    assert_eq!(answer.status, 503, "{}", answer.body);
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
                false
            });
            let _ = server.running.api().inject_panic(ActorKind::SecretVerifier);
            assert!(asking.await.unwrap(), "round {round}: the key got in");
            eventually("the verifier is back", || async {
                (server.http.get("/health/deep").await.status == 200).then_some(())
            }).await;
        }
        server.stop().await;
    }

    async fn a_restarted_tenant_refills_no_burst(database: TestDatabase) {
        let server = TestServer::start(&database).await;
        let (account, key) = Account::ready(&server.http).await;
        let path = format!("/support/v1/creditors/{}", account.id);
        let limits = json!({"key_rps": 1, "key_burst": 30, "tenant_rps": 1, "tenant_burst": 30, "concurrency": 50});
        // Also said again: what was read is stale then, and the next request needs a living actor.
        let set_limits = async || {
            server.support().patch(&path, json!({"limits": limits, "reason": "for the test"})).await.expect(200)
        };
        set_limits().await;
        let creditor = Uuid::parse_str(&account.id).unwrap();
        let mut admitted = 0;
        for round in 0..60 {
            if round % 10 == 5 {
                assert!(server.running.api().inject_panic(ActorKind::Tenant(creditor)));
                set_limits().await;
            }
            if round == 30 {
                assert!(server.running.api().inject_panic(ActorKind::Registry));
                set_limits().await;
            }
            admitted += usize::from(key.get("/v1/settings").await.status == 200);
        }
        assert!((25..=50).contains(&admitted), "one burst and what a few seconds refill, not one burst a restart: {admitted}");
        server.stop().await;
    }
}
