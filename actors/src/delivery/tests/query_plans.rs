//! How many rows the frequent statements read if half a million rows are due.

use entities::Transaction;
use entities::ids::{DeliveryId, EndpointId};
use entities::queries::delivery::{
    ClaimRequest, CompletionOutcome, Completions, Fence, SQLITE_CLAIM, cancel_disabled,
    cancel_statements, claim, claim_in_order, due_endpoints,
};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement, Value};
use uuid::Uuid;

use super::queue::tried;
use crate::test_support::database::{TestDatabase, test_databases};

const MANY: i64 = 500_000;
/// Rows per INSERT. Each INSERT must end within the statement timeout.
const CHUNK: i64 = 50_000;

/// Inserts `count` copies of the endpoint's only delivery, all due.
async fn insert_copies(test_db: &TestDatabase, endpoint: EndpointId, count: i64, order_key: &str) {
    let (id, numbers) = if test_db.db.is_postgres() {
        (
            "gen_random_uuid()",
            format!("generate_series(1, {CHUNK}) AS n (i)"),
        )
    } else {
        let series = format!(
            "(WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {CHUNK}) SELECT i FROM n) AS n"
        );
        ("randomblob(16)", series)
    };
    let endpoint = test_db.literal(endpoint.0);
    for chunk in 1..=count / CHUNK {
        let first = chunk * MANY;
        let sql = format!(
            "INSERT INTO delivery (id, message_id, endpoint_id, creditor_id, state, due_ms, owner, claim_no, attempt, order_key, sequence) \
             SELECT {id}, d.message_id, d.endpoint_id, d.creditor_id, 'pending', 100, NULL, 0, 0, {order_key}, {first} + n.i \
             FROM delivery d CROSS JOIN {numbers} WHERE d.endpoint_id = {endpoint} AND d.sequence < {MANY}"
        );
        // Copying takes longer than a statement of the service may.
        test_db
            .db
            .writer()
            .unbounded()
            .execute_unprepared(&sql)
            .await
            .unwrap();
    }
}

/// Returns how many rows of `delivery` this connection has read recently, by full scan and by index. The
/// source is the statistics of Postgres. SQLite keeps none, so both numbers are 0.
async fn rows_read(transaction: &Transaction) -> (i64, i64) {
    if transaction.get_database_backend() != DbBackend::Postgres {
        return (0, 0);
    }
    let sql = "SELECT coalesce(seq_tup_read, 0)::bigint AS by_scan, coalesce(idx_tup_fetch, 0)::bigint AS by_index \
               FROM pg_stat_xact_user_tables WHERE relname = 'delivery'";
    let statement = Statement::from_string(transaction.get_database_backend(), sql);
    let row = transaction.query_one_raw(statement).await.unwrap().unwrap();
    (
        row.try_get("", "by_scan").unwrap(),
        row.try_get("", "by_index").unwrap(),
    )
}

async fn sqlite_plan(
    test_db: &TestDatabase,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> String {
    let sql = format!("EXPLAIN QUERY PLAN {sql}");
    let statement =
        Statement::from_sql_and_values(test_db.db.reader().get_database_backend(), sql, values);
    let rows = test_db.db.reader().query_all_raw(statement).await.unwrap();
    let lines: Vec<String> = rows
        .iter()
        .map(|row| row.try_get("", "detail").unwrap())
        .collect();
    lines.join("\n")
}

#[tokio::test]
async fn claim_reads_only_the_rows_that_it_takes() {
    for test_db in test_databases().await {
        let creditor = test_db.creditor().await;
        let (backlogged, ordered, healthy) = (
            test_db
                .endpoint(creditor, "https://backlogged.example")
                .await,
            test_db.endpoint(creditor, "https://ordered.example").await,
            test_db.endpoint(creditor, "https://healthy.example").await,
        );
        for endpoint in [backlogged, ordered] {
            test_db.enqueue(creditor, endpoint, 1, 100).await;
        }
        insert_copies(&test_db, backlogged, MANY, "NULL").await;
        insert_copies(&test_db, ordered, CHUNK, "d.endpoint_id").await;
        test_db.enqueue(creditor, healthy, 3, 200).await;

        let transaction = test_db.db.begin().await.unwrap();
        let before = rows_read(&transaction).await;
        let want = |endpoint| ClaimRequest {
            endpoint,
            max_rows: 8,
            scan_floor_ms: 0,
        };
        let claimed = claim(
            &transaction,
            1,
            &[want(backlogged), want(ordered), want(healthy)],
            1_000,
        )
        .await
        .unwrap();
        // Of the ordered endpoint, only the one row without an ordering key.
        assert_eq!(claimed.len(), 8 + 1 + 3);
        let in_order = claim_in_order(&transaction, 1, want(ordered), 1_000)
            .await
            .unwrap();
        assert_eq!(in_order.claimed.len(), 1);
        let seen = due_endpoints(&transaction).await.unwrap();
        assert_eq!(
            seen.len(),
            1,
            "the first ordered row is leased and the healthy endpoint has none left"
        );
        if test_db.db.is_postgres() {
            let (by_scan, by_index) = rows_read(&transaction).await;
            let (by_scan, by_index) = (by_scan - before.0, by_index - before.1);
            assert_eq!(by_scan, 0, "no full scan");
            assert!(
                by_index < 300,
                "{by_index} rows read for {} claimed",
                claimed.len() + 1
            );
        } else {
            let values = [
                1_i64.into(),
                1_000_i64.into(),
                Vec::<u8>::new().into(),
                0_i64.into(),
                8_i64.into(),
            ];
            let plan = sqlite_plan(&test_db, SQLITE_CLAIM, values).await;
            assert!(plan.contains("USING INDEX delivery_due (endpoint_id=? AND due_ms>? AND due_ms<?)")
                || plan.contains("USING COVERING INDEX delivery_due (endpoint_id=? AND due_ms>? AND due_ms<?)"), "{plan}");
            assert!(
                !plan.contains("SCAN d") && !plan.contains("TEMP B-TREE"),
                "{plan}"
            );
        }
        transaction.rollback().await.unwrap();
    }
}

#[tokio::test]
async fn cancel_finds_rows_by_their_endpoint() {
    for test_db in test_databases().await {
        let creditor = test_db.creditor().await;
        let mut disabled = Vec::new();
        for n in 0..3 {
            disabled.push(
                test_db
                    .endpoint(creditor, &format!("https://disabled{n}.example"))
                    .await,
            );
            test_db.enqueue(creditor, disabled[n], 2, 100).await;
        }
        let healthy = test_db.endpoint(creditor, "https://healthy.example").await;
        test_db.enqueue(creditor, healthy, 1, 100).await;
        insert_copies(&test_db, healthy, MANY, "NULL").await;
        for (endpoint, order_key) in disabled.iter().zip(["NULL", "endpoint_id", "message_id"]) {
            let id = test_db.literal(endpoint.0);
            for sql in [
                format!("UPDATE webhook_endpoint SET state = 'disabled' WHERE id = {id}"),
                format!("UPDATE delivery SET order_key = {order_key} WHERE endpoint_id = {id}"),
            ] {
                test_db.db.writer().execute_unprepared(&sql).await.unwrap();
            }
        }
        let transaction = test_db.db.begin().await.unwrap();
        let before = rows_read(&transaction).await;
        let cancelled = cancel_disabled(&transaction, 10).await;
        assert_eq!(cancelled.rows, 6, "two rows of each kind");
        let (by_scan, by_index) = rows_read(&transaction).await;
        transaction.rollback().await.unwrap();
        if test_db.db.is_postgres() {
            assert_eq!(by_scan - before.0, 0, "no full scan");
            let by_index = by_index - before.1;
            assert!(by_index < 50, "{by_index} rows read");
            continue;
        }
        let statements = cancel_statements(test_db.db.reader().get_database_backend());
        for (sql, index) in statements
            .iter()
            .zip(["due", "endpoint_order", "placement_order"])
        {
            let plan = sqlite_plan(&test_db, sql, [10_i64.into()]).await;
            assert!(plan.contains(&format!("INDEX delivery_{index}")), "{plan}");
            assert!(!plan.contains("AUTOMATIC"), "{plan}");
            assert!(!plan.contains("SCAN d"), "{plan}");
            assert!(plan.contains("webhook_endpoint_disabled"), "{plan}");
        }
    }
}

/// Holds even if the plan was made while the table was empty.
#[tokio::test]
async fn completion_finds_its_row_by_id_with_an_empty_table_plan() {
    for test_db in test_databases().await {
        if !test_db.db.is_postgres() {
            continue; // SQLite has no alternative plan here
        }
        let transaction = test_db.db.begin().await.unwrap();
        let fence = Fence {
            delivery: DeliveryId(Uuid::now_v7()),
            claim_no: 1,
            owner: 1,
        };
        let completion = tried(fence, CompletionOutcome::Delivered, Some(200));
        let completions = Completions::of(&test_db.db, &vec![completion; 200]);
        for statement in completions.statements() {
            let (sql, values) = (&statement.sql, statement.values.clone().unwrap());
            let explain = Statement::from_sql_and_values(
                transaction.get_database_backend(),
                format!("EXPLAIN {sql}"),
                values.0,
            );
            let rows = transaction.query_all_raw(explain).await.unwrap();
            let plan: Vec<String> = rows
                .iter()
                .map(|row| row.try_get("", "QUERY PLAN").unwrap())
                .collect();
            let reads = plan.iter().filter(|line| line.contains(" on delivery d"));
            let reads: Vec<_> = reads.filter(|line| line.contains("Scan")).collect();
            assert!(!reads.is_empty(), "{plan:#?}");
            for (n, line) in plan.iter().enumerate() {
                if line.contains("Scan using") && line.contains(" on delivery d") {
                    assert!(line.contains("delivery_pkey"), "{plan:#?}");
                    assert!(plan[n + 1].contains("Index Cond: ((id >= "), "{plan:#?}");
                }
                if line.contains("Tid Scan on delivery d") {
                    assert!(plan[n + 1].contains("TID Cond: (ctid = "), "{plan:#?}");
                }
                assert!(!line.contains("Seq Scan on delivery d"), "{plan:#?}");
            }
        }
    }
}
