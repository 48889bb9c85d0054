//! The differences between the SQL of the backends: types, storage options, and the append-only guard.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// Placeholders with their meaning on Postgres and on SQLite.
const PLACEHOLDERS: [(&str, &str, &str); 7] = [
    ("@uuid", "uuid", "blob"),
    (
        "@nil",
        "'00000000-0000-0000-0000-000000000000'",
        "zeroblob(16)",
    ),
    ("@bytes", "bytea", "blob"),
    ("@bool", "boolean", "boolean"),
    ("@hot", HOT, ""),
    ("@clustered", "", "WITHOUT ROWID"),
    ("@json_object_agg", "json_object_agg", "json_group_object"),
];

const HOT: &str = "WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01, \
                   autovacuum_vacuum_cost_delay = 0)";

/// Runs a script of statements. Each statement ends with `;` at the end of a line.
///
/// The script can contain placeholders:
///
/// - `@uuid`, `@bytes` and `@bool` are types.
/// - `@nil` is the nil UUID.
/// - `@hot` sets the storage options of a Postgres table whose rows are often updated and deleted.
/// - `@clustered` makes a SQLite table `WITHOUT ROWID`, so that its primary key stores the rows.
/// - `@json_object_agg` is the aggregate function that makes a JSON object of names and values.
///
/// A statement that begins with `@postgres` is left out on SQLite.
///
/// The statement `@append_only table` creates triggers that reject every update and deletion of rows of the table.
///
/// # Errors
/// The error of the first statement that fails.
pub async fn run(manager: &SchemaManager<'_>, script: &str) -> Result<(), DbErr> {
    let postgres = manager.get_database_backend() == DbBackend::Postgres;
    let statements = script.split(";\n").map(str::trim);
    for statement in statements.filter(|text| !text.is_empty()) {
        let translated = if let Some(table) = statement.strip_prefix("@append_only ") {
            append_only(table, postgres).to_vec()
        } else if let Some(statement) = statement.strip_prefix("@postgres ") {
            postgres.then(|| statement.to_owned()).into_iter().collect()
        } else {
            vec![translate(statement, postgres)]
        };
        for statement in translated {
            manager
                .get_connection()
                .execute_unprepared(&statement)
                .await?;
        }
    }
    Ok(())
}

fn translate(statement: &str, postgres: bool) -> String {
    let replace = |text: String, (name, on_postgres, on_sqlite): &(&str, &str, &str)| {
        text.replace(name, if postgres { on_postgres } else { on_sqlite })
    };
    PLACEHOLDERS.iter().fold(statement.to_owned(), replace)
}

fn append_only(table: &str, postgres: bool) -> [String; 2] {
    if postgres {
        return [
            format!(
                "CREATE FUNCTION {table}_is_append_only() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
            ),
            format!(
                "CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} \
                 FOR EACH STATEMENT EXECUTE FUNCTION {table}_is_append_only()"
            ),
        ];
    }
    // SQLite has no TRUNCATE, and its DELETE without WHERE also fires row triggers.
    [("UPDATE", "update"), ("DELETE", "delete")].map(|(verb, name)| {
        format!(
            "CREATE TRIGGER {table}_no_{name} BEFORE {verb} ON {table} \
             BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
    })
}
