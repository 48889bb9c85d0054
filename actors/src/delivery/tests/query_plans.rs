//! What the hot statements read where it matters: behind half a million due rows.

use entities::Transaction;
use entities::ids::{DeliveryId, EndpointId};
use entities::queries::delivery::{
    Completions, Ending, Fence, SQLITE_CLAIM, Want, cancel_disabled, cancelling, claim,
    claim_in_order, waiting,
};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement, Value};
use uuid::Uuid;

use super::queue::tried;
use crate::test_support::bench::{Bench, benches};

const MANY: i64 = 500_000;
/// Rows of one INSERT: it has to end within the statement timeout.
const CHUNK: i64 = 50_000;

/// `many` copies of the endpoint's one delivery, all due.
async fn pile_up(bench: &Bench, endpoint: EndpointId, many: i64, order_key: &str) {
    let (id, numbers) = if bench.db.is_postgres() {
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
    let endpoint = bench.literal(endpoint.0);
    for chunk in 1..=many / CHUNK {
        let first = chunk * MANY;
        let sql = format!(
            "INSERT INTO delivery (id, message_id, endpoint_id, creditor_id, state, due_ms, owner, claim_no, attempt, order_key, sequence) \
             SELECT {id}, d.message_id, d.endpoint_id, d.creditor_id, 'pending', 100, NULL, 0, 0, {order_key}, {first} + n.i \
             FROM delivery d CROSS JOIN {numbers} WHERE d.endpoint_id = {endpoint} AND d.sequence < {MANY}"
        );
        bench.db.writer().execute_unprepared(&sql).await.unwrap();
    }
}

/// Rows of `delivery` that this connection has read lately, from end to end and by an index: by its own
/// statistics on Postgres; SQLite keeps none.
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

async fn sqlite_plan(bench: &Bench, sql: &str, values: impl IntoIterator<Item = Value>) -> String {
    let sql = format!("EXPLAIN QUERY PLAN {sql}");
    let statement =
        Statement::from_sql_and_values(bench.db.reader().get_database_backend(), sql, values);
    let rows = bench.db.reader().query_all_raw(statement).await.unwrap();
    let lines: Vec<String> = rows
        .iter()
        .map(|row| row.try_get("", "detail").unwrap())
        .collect();
    lines.join("\n")
}

#[tokio::test]
async fn a_claim_reads_what_it_takes_and_no_more() {
    for bench in benches().await {
        let creditor = bench.creditor().await;
        let (dead, line, live) = (
            bench.endpoint(creditor, "https://dead.example").await,
            bench.endpoint(creditor, "https://line.example").await,
            bench.endpoint(creditor, "https://live.example").await,
        );
        for endpoint in [dead, line] {
            bench.enqueue(creditor, endpoint, 1, 100).await;
        }
        pile_up(&bench, dead, MANY, "NULL").await;
        pile_up(&bench, line, CHUNK, "d.endpoint_id").await;
        bench.enqueue(creditor, live, 3, 200).await;

        let transaction = bench.db.begin().await.unwrap();
        let before = rows_read(&transaction).await;
        let want = |endpoint| Want {
            endpoint,
            credit: 8,
            scan_floor_ms: 0,
        };
        let claimed = claim(
            &transaction,
            1,
            &[want(dead), want(line), want(live)],
            1_000,
        )
        .await
        .unwrap();
        // Of the line only the one row that stands in none.
        assert_eq!(claimed.len(), 8 + 1 + 3);
        let in_order = claim_in_order(&transaction, 1, want(line), 1_000)
            .await
            .unwrap();
        assert_eq!(in_order.taken.len(), 1);
        let seen = waiting(&transaction).await.unwrap();
        assert_eq!(
            seen.len(),
            1,
            "the line's first row is leased and the live endpoint has none left"
        );
        if bench.db.is_postgres() {
            let (by_scan, by_index) = rows_read(&transaction).await;
            let (by_scan, by_index) = (by_scan - before.0, by_index - before.1);
            assert_eq!(by_scan, 0, "nothing is read from end to end");
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
            let plan = sqlite_plan(&bench, SQLITE_CLAIM, values).await;
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
async fn what_is_cancelled_is_found_by_its_endpoint() {
    for bench in benches().await {
        let creditor = bench.creditor().await;
        let mut off = Vec::new();
        for n in 0..3 {
            off.push(
                bench
                    .endpoint(creditor, &format!("https://off{n}.example"))
                    .await,
            );
            bench.enqueue(creditor, off[n], 2, 100).await;
        }
        let live = bench.endpoint(creditor, "https://live.example").await;
        bench.enqueue(creditor, live, 1, 100).await;
        pile_up(&bench, live, MANY, "NULL").await;
        for (endpoint, order_key) in off.iter().zip(["NULL", "endpoint_id", "message_id"]) {
            let id = bench.literal(endpoint.0);
            for sql in [
                format!("UPDATE webhook_endpoint SET state = 'disabled' WHERE id = {id}"),
                format!("UPDATE delivery SET order_key = {order_key} WHERE endpoint_id = {id}"),
            ] {
                bench.db.writer().execute_unprepared(&sql).await.unwrap();
            }
        }
        let transaction = bench.db.begin().await.unwrap();
        let before = rows_read(&transaction).await;
        let cancelled = cancel_disabled(&transaction, 10).await.unwrap();
        assert_eq!(cancelled.rows, 6, "two of each kind");
        let (by_scan, by_index) = rows_read(&transaction).await;
        transaction.rollback().await.unwrap();
        if bench.db.is_postgres() {
            assert_eq!(by_scan - before.0, 0, "nothing is read from end to end");
            let by_index = by_index - before.1;
            assert!(by_index < 50, "{by_index} rows read");
            continue;
        }
        let statements = cancelling(bench.db.reader().get_database_backend());
        for (sql, index) in statements.iter().zip(["due", "line", "key"]) {
            let plan = sqlite_plan(&bench, sql, [10_i64.into()]).await;
            assert!(plan.contains(&format!("INDEX delivery_{index}")), "{plan}");
            assert!(!plan.contains("AUTOMATIC"), "{plan}");
            assert!(!plan.contains("SCAN d"), "{plan}");
            assert!(plan.contains("webhook_endpoint_disabled"), "{plan}");
        }
    }
}

/// However empty the table was when the plan was made.
#[tokio::test]
async fn an_outcome_finds_its_row_by_its_id_also_by_a_plan_of_an_empty_table() {
    for bench in benches().await {
        if !bench.db.is_postgres() {
            continue; // there is nothing to choose
        }
        let transaction = bench.db.begin().await.unwrap();
        let fence = Fence {
            delivery: DeliveryId(Uuid::now_v7()),
            claim_no: 1,
            owner: 1,
        };
        let ending = tried(fence, Ending::Delivered, Some(200));
        let completions = Completions::of(&bench.db, &vec![ending; 200]);
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
