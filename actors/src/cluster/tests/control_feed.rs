//! Tests of the control feed and the janitor.

use entities::Database;
use entities::control_feed as feed_row;
use entities::ids::CreditorId;
use entities::queries::node::{append_feed, clean, feed_head, read_feed};
use sea_orm::{ConnectionTrait as _, EntityTrait as _};
use uuid::Uuid;

use super::super::control_feed;
use super::super::membership::Membership;
use crate::domain::api_key::KeyPrefix;
use crate::infra::Clock;
use crate::test_support::database::{modules as wire, postgres, settings, test_databases};

async fn append(db: &Database, subject: &str, creditor: CreditorId, at_ms: i64) -> i64 {
    let transaction = db.begin().await.unwrap();
    let number = append_feed(&transaction, subject, creditor, at_ms)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    number
}

#[tokio::test]
async fn rollback_leaves_no_gap_in_feed_numbers() {
    for test_db in test_databases().await {
        let (db, creditor) = (&test_db.db, CreditorId(Uuid::now_v7()));
        assert_eq!(feed_head(db.node()).await.unwrap(), 0);
        assert_eq!(append(db, "keys", creditor, 10).await, 1);
        let transaction = db.begin().await.unwrap();
        assert_eq!(
            append_feed(&transaction, "limits", creditor, 11)
                .await
                .unwrap(),
            2
        );
        transaction.rollback().await.unwrap();
        assert_eq!(append(db, "endpoints", creditor, 12).await, 2);
        assert_eq!(feed_head(db.node()).await.unwrap(), 2);
        let entry = |number, subject: &str, at_ms| feed_row::Model {
            number,
            kind: subject.to_owned(),
            creditor_id: creditor,
            at_ms,
        };
        let all = [entry(1, "keys", 10), entry(2, "endpoints", 12)];
        assert_eq!(read_feed(db.node(), 0, 10).await.unwrap(), all);
        assert_eq!(read_feed(db.node(), 0, 1).await.unwrap(), all[..1]);
        assert_eq!(read_feed(db.node(), 1, 10).await.unwrap(), all[1..]);
    }
}

#[tokio::test]
async fn new_feed_entries_are_published_once_and_make_it_fresh() {
    let Some(test_db) = postgres().await else {
        return;
    };
    let db = &test_db.db;
    let creditors: Vec<_> = (0..3).map(|_| CreditorId(Uuid::now_v7())).collect();
    append(db, "keys", creditors[0], 1).await;
    let clock = Clock::manual(50_000);
    let membership = Membership::boot(db, &clock, "test").await.unwrap();
    let modules = wire(db.clone(), clock, settings(&test_db.url), membership);
    let entries: Vec<_> = (0..)
        .zip(&creditors)
        .map(|(n, creditor): (u8, _)| {
            let prefix = KeyPrefix::parse(&format!("prefix0{n}")).unwrap();
            modules.admission.tenants.insert_prefix(prefix, *creditor)
        })
        .collect();
    let at_boot: Vec<u64> = entries.iter().map(|entry| entry.generation()).collect();
    append(db, "keys", creditors[1], 2).await;
    append(db, "endpoints", creditors[1], 3).await;
    append(db, "limits", creditors[2], 4).await;
    modules.env.clock.advance_ms(5_000);
    assert!(
        !modules
            .cluster
            .membership
            .feed_is_fresh(modules.env.clock.mono_ms())
    );
    control_feed::follow(&modules.cluster).await.unwrap();
    control_feed::follow(&modules.cluster).await.unwrap();
    assert!(
        modules
            .cluster
            .membership
            .feed_is_fresh(modules.env.clock.mono_ms())
    );
    let published: Vec<u64> = entries
        .iter()
        .zip(at_boot)
        .map(|(entry, at_boot)| entry.generation() - at_boot)
        .collect();
    assert_eq!(
        published,
        [0, 1, 1],
        "new entries are published once, entries from before the boot never"
    );
}

#[tokio::test]
async fn janitor_removes_expired_rows_and_keeps_newest_feed_entry() {
    const HOUR_MS: i64 = 3_600_000;
    for test_db in test_databases().await {
        let (db, creditor) = (&test_db.db, test_db.creditor().await);
        let now_ms = 100 * HOUR_MS;
        for age_ms in [2 * HOUR_MS, HOUR_MS + 1, HOUR_MS + 1] {
            append(db, "keys", creditor, now_ms - age_ms).await;
        }
        let (id, owner) = (
            || test_db.literal(Uuid::now_v7()),
            test_db.literal(creditor.0),
        );
        let empty = if db.is_postgres() { "''::bytea" } else { "x''" };
        let old = now_ms - 24 * HOUR_MS - 1;
        let mut rows = Vec::new();
        for (key, at_ms) in [("old", old), ("new", old + 2)] {
            rows.push(format!(
                "INSERT INTO idempotency_record (creditor_id, key, fingerprint, operation, outcome, created_ms) \
                 VALUES ({owner}, '{key}', {empty}, 'x', '', {at_ms})"
            ));
        }
        for at_ms in [now_ms - HOUR_MS - 1, now_ms - HOUR_MS + 1] {
            rows.push(format!(
                "INSERT INTO writer_batch (id, committed_ms) VALUES ({}, {at_ms})",
                id()
            ));
        }
        for (hash, at_ms) in [("61", now_ms - 1), ("62", now_ms + 1)] {
            let hash = if db.is_postgres() {
                format!("'\\x{hash}'")
            } else {
                format!("x'{hash}'")
            };
            rows.push(format!(
                "INSERT INTO session (id, token_hash, kind, creditor_id, created_ms, expires_ms, family_id) \
                 VALUES ({}, {hash}, 'dashboard', {owner}, 0, {at_ms}, {})",
                id(),
                id()
            ));
        }
        for sql in rows {
            db.writer().execute_unprepared(&sql).await.unwrap();
        }
        let cleaned = clean(db, now_ms, 100).await;
        assert_eq!(
            (cleaned.rows, cleaned.more),
            (5, false),
            "two feed entries and one of each other kind"
        );
        assert_eq!(clean(db, now_ms, 100).await.rows, 0);
        assert_eq!(read_feed(db.node(), 0, 10).await.unwrap()[0].number, 3);
    }
}

#[tokio::test]
async fn janitor_removes_what_nobody_needs_and_keeps_the_last_of_each() {
    const DAY_MS: i64 = 24 * 3_600_000;
    for test_db in test_databases().await {
        let (db, creditor) = (&test_db.db, test_db.creditor().await);
        let now_ms = 1_000 * DAY_MS;
        let (owner, id) = (test_db.literal(creditor.0), || {
            test_db.literal(Uuid::now_v7())
        });
        let empty = if db.is_postgres() { "''::bytea" } else { "x''" };
        let mut rows = Vec::new();
        for (url, age) in [("", 401), ("", 399), ("https://one.example", 401)] {
            let (endpoint, secret, at_ms) = (id(), id(), now_ms - age * DAY_MS);
            rows.push(format!(
                "INSERT INTO webhook_endpoint (id, creditor_id, is_primary, url, state, created_ms, updated_ms, ordering, on_exhausted) \
                 VALUES ({endpoint}, {owner}, false, '{url}', 'disabled', 0, {at_ms}, 'none', 'pause')"
            ));
            rows.push(format!(
                "INSERT INTO webhook_secret (id, endpoint_id, sealed, created_ms, expires_ms) VALUES ({secret}, {endpoint}, {empty}, 0, NULL)"
            ));
        }
        for (n, origin, age) in [
            (1, "automatic", 900),
            (2, "self_serve", 800),
            (3, "self_serve", 700),
        ] {
            let (key, at_ms) = (id(), now_ms - age * DAY_MS);
            rows.push(format!(
                "INSERT INTO api_key (id, creditor_id, prefix, scope, state, origin, created_ms, ended_ms) \
                 VALUES ({key}, {owner}, 'prefix{n}', 'read_write', 'ended', '{origin}', {at_ms}, {at_ms})"
            ));
            rows.push(format!(
                "INSERT INTO api_key_use (key_id, last_used_ms, address) VALUES ({key}, 0, '192.0.2.1')"
            ));
        }
        for (n, creditor, age) in [
            (1, "NULL", 91),
            (2, "NULL", 89),
            (3, &*owner, 399),
            (4, &*owner, 401),
        ] {
            rows.push(format!(
                "INSERT INTO onboarding_event \
                 (id, provider, event_id, event_type, external_id, creditor_id, names_previous, occurred_ms, outcome, received_ms) \
                 VALUES ({}, 'stripe', 'evt_{n}', 'x', 'x', {creditor}, false, 0, 'no_effect', {})",
                id(),
                now_ms - age * DAY_MS
            ));
        }
        for sql in rows {
            db.writer().execute_unprepared(&sql).await.unwrap();
        }
        let mut facts = Vec::new();
        // Of two facts about one gate of an account, the later one stays, so that linking the account replays it.
        for (n, account, occurred_ms) in [(5, "acct_1", 10), (6, "acct_1", 20), (7, "acct_2", 10)] {
            facts.push(format!(
                "INSERT INTO onboarding_event \
                 (id, provider, event_id, event_type, external_id, creditor_id, gate, fact_value, names_previous, occurred_ms, outcome, received_ms) \
                 VALUES ({}, 'stripe', 'evt_{n}', 'x', '{account}', NULL, 'payouts_enabled', 'true', false, {occurred_ms}, 'no_effect', 0)",
                id()
            ));
        }
        for sql in facts {
            db.writer().execute_unprepared(&sql).await.unwrap();
        }
        // One statement fails, and the others still run.
        let hidden = "ALTER TABLE writer_batch RENAME TO hidden";
        db.writer().execute_unprepared(hidden).await.unwrap();
        let cleaned = clean(db, now_ms, 100).await;
        assert_eq!(cleaned.failures.len(), 1, "{:?}", cleaned.failures);
        assert_eq!(
            cleaned.rows, 7,
            "an endpoint and its secret, a key and its use, three events"
        );
        let keys = entities::api_key::Entity::find().all(db.reader()).await;
        let mut keys: Vec<_> = keys.unwrap().into_iter().map(|key| key.prefix).collect();
        keys.sort();
        assert_eq!(keys, ["prefix1", "prefix3"], "the first and the newest");
        assert_eq!(clean(db, now_ms, 100).await.rows, 0);
    }
}
