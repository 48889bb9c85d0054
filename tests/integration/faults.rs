//! Panics in each kind of actor, while permits are held, deliveries are leased and batches commit.
//!
//! The actor tree must recover and lose nothing. Other tenants must not be affected, and no rate
//! limit may be refilled.

use std::collections::HashSet;

use actors::ActorKind;
use serde_json::json;
use uuid::Uuid;

use crate::harness::account::invoice;
use crate::harness::server::config;
use crate::harness::{Account, Receiver, TestDatabase, TestServer, eventually, on_both_backends};

on_both_backends!(
    panic_in_any_actor_loses_nothing,
    unverified_key_is_admitted_despite_verifier_panic,
    restarted_tenant_does_not_refill_its_burst,
);

async fn panic_in_any_actor_loses_nothing(database: TestDatabase) {
    let mut settings = config(&database);
    settings.settings.simulator = true;
    let server = TestServer::start_with(settings).await;
    let receiver = Receiver::start();
    let (account, key) = Account::ready(&server.http).await;
    account.set_webhook(&receiver.url).await;
    let (_, other) = Account::ready(&server.http).await;
    key.get("/v1/settings").await.expect(200);
    let creditor = Uuid::parse_str(&account.id).unwrap();
    let endpoint = database.endpoint_id().await;
    let kinds = [
        ActorKind::Tenant(creditor),
        ActorKind::Writer(creditor),
        ActorKind::GateEvaluator,
        ActorKind::SecretVerifier,
        ActorKind::KeyUsageRecorder,
        ActorKind::Endpoint(endpoint),
        ActorKind::Completer,
        ActorKind::Replayer,
        ActorKind::Dispatcher,
        ActorKind::Registry,
        ActorKind::Node,
        ActorKind::Simulator,
    ];
    let mut accepted = HashSet::new();
    for (round, kind) in kinds.into_iter().enumerate() {
        let posts: Vec<_> = (0..20)
            .map(|n| {
                let (key, number) = (key.clone(), format!("INV-{round}-{n}"));
                tokio::spawn(async move {
                    // On 503 a client retries the same request under the same idempotency key.
                    for _ in 0..40 {
                        let answer = key
                            .post_keyed("/v1/placements", invoice(&number), &number)
                            .await;
                        if answer.status == 201 {
                            return number;
                        }
                        assert_eq!(answer.status, 503, "{}", answer.body);
                        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                    }
                    panic!("{number} was never accepted");
                })
            })
            .collect();
        assert!(server.running.api().inject_panic(kind), "{kind:?} runs");
        for post in posts {
            accepted.insert(post.await.unwrap());
        }
        eventually("all actors run again", || async {
            let deep = server.http.get("/health/deep").await;
            (deep.status == 200).then_some(())
        })
        .await;
        let seen = other.get("/v1/placements").await;
        assert_eq!(
            seen.status, 200,
            "{kind:?}: the other tenant is not affected: {}",
            seen.body
        );
    }
    eventually("every accepted event arrives", || async {
        let arrived: HashSet<String> = receiver
            .accepted()
            .iter()
            .filter(|arrival| arrival.event_type() == "placement.created")
            .map(|arrival| {
                arrival.body["data"]["invoice_number"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        accepted.is_subset(&arrived).then_some(())
    })
    .await;
    let placed = i64::try_from(20 * kinds.len()).unwrap();
    assert_eq!(
        database.number("SELECT count(*) FROM placement").await,
        placed,
        "nothing was done twice"
    );
    eventually("no delivery is leased", || async {
        (database
            .number("SELECT count(*) FROM delivery WHERE owner IS NOT NULL")
            .await
            == 0)
            .then_some(())
    })
    .await;
    server.stop().await;
}

async fn unverified_key_is_admitted_despite_verifier_panic(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    for round in 0..8 {
        let (_, key) = Account::ready(&server.http).await;
        let request = tokio::spawn(async move {
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
        assert!(request.await.unwrap(), "round {round}: the key is admitted");
        eventually("the verifier runs again", || async {
            (server.http.get("/health/deep").await.status == 200).then_some(())
        })
        .await;
    }
    server.stop().await;
}

async fn restarted_tenant_does_not_refill_its_burst(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (account, key) = Account::ready(&server.http).await;
    let path = format!("/support/v1/creditors/{}", account.id);
    let limits = json!({"key_rps": 1, "key_burst": 30, "tenant_rps": 1, "tenant_burst": 30, "concurrency": 50});
    // Setting the limits makes the cached state stale, so the next request needs a running actor.
    let set_limits = async || {
        server
            .support()
            .patch(&path, json!({"limits": limits, "reason": "for the test"}))
            .await
            .expect(200)
    };
    set_limits().await;
    let creditor = Uuid::parse_str(&account.id).unwrap();
    let mut admitted = 0;
    for round in 0..60 {
        if round % 10 == 5 {
            assert!(
                server
                    .running
                    .api()
                    .inject_panic(ActorKind::Tenant(creditor))
            );
            set_limits().await;
        }
        if round == 30 {
            assert!(server.running.api().inject_panic(ActorKind::Registry));
            set_limits().await;
        }
        admitted += usize::from(key.get("/v1/settings").await.status == 200);
    }
    assert!(
        (25..=50).contains(&admitted),
        "one burst and a few refills, not one burst per restart: {admitted}"
    );
    server.stop().await;
}
