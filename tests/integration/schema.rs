//! Compares the schema that the migrations create with the snapshots in `migrations/schema/`.
//!
//! After an intended change, run with `UPDATE_SCHEMA_SNAPSHOT=1` and review the difference.

use std::path::Path;

use crate::harness::account::place;
use crate::harness::{Account, TestDatabase, TestServer, on_both_backends};

/// The definitions of all tables, indexes and triggers.
const SQLITE: &str = "SELECT sql FROM sqlite_master \
    WHERE sql IS NOT NULL AND tbl_name <> 'seaql_migrations' ORDER BY tbl_name, type DESC, name";

/// The same from the catalogs of Postgres, one line each.
const POSTGRES: &str = "
WITH relation AS (
    SELECT c.oid, c.relname, c.reloptions FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname <> 'seaql_migrations'
), line AS (
    SELECT relname, 1 AS part, 0 AS position, 'table ' || relname || coalesce(' with ' || array_to_string(reloptions, ', '), '') AS text
    FROM relation
    UNION ALL
    SELECT relname, 2, a.attnum, '  column ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
        || CASE WHEN a.attcollation = (SELECT oid FROM pg_collation WHERE collname = 'C' LIMIT 1) THEN ' collate C' ELSE '' END
        || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
    FROM relation JOIN pg_attribute a ON a.attrelid = relation.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = relation.oid AND d.adnum = a.attnum
    UNION ALL
    SELECT relname, 3, 0, '  constraint ' || pg_get_constraintdef(k.oid) FROM relation JOIN pg_constraint k ON k.conrelid = relation.oid
    UNION ALL
    SELECT tablename, 4, 0, '  ' || indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'seaql_migrations'
    UNION ALL
    SELECT relname, 5, 0, '  ' || pg_get_triggerdef(t.oid) FROM relation JOIN pg_trigger t ON t.tgrelid = relation.oid AND NOT t.tgisinternal
)
SELECT text FROM line ORDER BY relname, part, position, text";

on_both_backends!(
    migrations_produce_the_snapshot_schema,
    older_database_gets_its_placement_counts,
);

async fn migrations_produce_the_snapshot_schema(database: TestDatabase) {
    let _server = TestServer::start(&database).await;
    let (name, query) = match database.is_postgres() {
        true => ("postgres.txt", POSTGRES),
        false => ("sqlite.sql", SQLITE),
    };
    let lines: Vec<String> = database.column(query).await;
    let actual = lines.join("\n") + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("migrations/schema")
        .join(name);
    if std::env::var_os("UPDATE_SCHEMA_SNAPSHOT").is_some() {
        std::fs::write(&path, &actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    let first = actual
        .lines()
        .zip(expected.lines())
        .find(|(actual, expected)| actual != expected);
    assert!(
        actual == expected,
        "{} differs, first at {first:?}",
        path.display()
    );
}

async fn older_database_gets_its_placement_counts(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (_, key) = Account::ready(&server.http).await;
    for n in 0..3 {
        place(&key, &format!("INV-{n}")).await;
    }
    let id = place(&key, "INV-3").await;
    key.act(&format!("/v1/placements/{id}/recall"))
        .await
        .expect(200);
    server.stop().await;
    for undo in [
        "ALTER TABLE creditor_position DROP COLUMN placement_counts",
        "DELETE FROM seaql_migrations WHERE version = 'm0012_placement_counts'",
    ] {
        database.execute(undo).await.unwrap();
    }

    let server = TestServer::start(&database).await;
    database.expect_true_placement_counts().await;
    let key = key.at(server.http.base());
    for (filter, total) in [("", 4), ("&status=recalled", 1), ("&status=paid", 0)] {
        let path = format!("/v1/placements?limit=1{filter}");
        assert_eq!(key.get(&path).await.expect(200)["total"], total, "{filter}");
    }
    server.stop().await;
}
