//! Where the SQL of the two backends differs: types, storage options, and the append-only guard.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, Statement};

/// Runs a script of statements, each ended by `;` at the end of a line.
///
/// `@uuid`, `@bytes` and `@bool` become the backend's types, `@nil` the UUID of zeroes; `@hot` the storage options of a table
/// whose rows are updated and deleted all the time.
///
/// # Errors
/// The first statement that fails.
pub async fn run(manager: &SchemaManager<'_>, script: &str) -> Result<(), DbErr> {
    let db = manager.get_connection();
    let postgres = manager.get_database_backend() == DbBackend::Postgres;
    for statement in script
        .split(";\n")
        .map(str::trim)
        .filter(|text| !text.is_empty())
    {
        db.execute_unprepared(&translate(statement, postgres))
            .await?;
    }
    Ok(())
}

fn translate(statement: &str, postgres: bool) -> String {
    const HOT: &str = "WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01, \
                       autovacuum_vacuum_cost_delay = 0)";
    let (uuid, nil, bytes, boolean, hot) = if postgres {
        let nil = "'00000000-0000-0000-0000-000000000000'";
        ("uuid", nil, "bytea", "boolean", HOT)
    } else {
        ("blob", "zeroblob(16)", "blob", "boolean", "")
    };
    statement
        .replace("@uuid", uuid)
        .replace("@nil", nil)
        .replace("@bytes", bytes)
        .replace("@bool", boolean)
        .replace("@hot", hot)
}

/// Makes the database itself refuse to change or remove rows of `table`.
///
/// # Errors
/// Whatever the database says.
pub async fn append_only(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    let db = manager.get_connection();
    if manager.get_database_backend() == DbBackend::Postgres {
        db.execute_unprepared(&format!(
            "CREATE FUNCTION {table}_is_append_only() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
        ))
        .await?;
        db.execute_unprepared(&format!(
            "CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} \
             FOR EACH STATEMENT EXECUTE FUNCTION {table}_is_append_only()"
        ))
        .await?;
        return Ok(());
    }
    // SQLite has no TRUNCATE: its DELETE without WHERE fires row triggers as well.
    for verb in ["UPDATE", "DELETE"] {
        db.execute_unprepared(&format!(
            "CREATE TRIGGER {table}_no_{} BEFORE {verb} ON {table} \
             BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
            verb.to_lowercase()
        ))
        .await?;
    }
    Ok(())
}

/// SQLite: makes `table` anew as one tree by its primary key (`WITHOUT ROWID`), without a reference to its placement, and
/// moves its rows, indexes and triggers there. Nothing may refer to it. A `key` takes the place of its `id` as primary key.
///
/// # Errors
/// Whatever the database says.
pub async fn without_rowid(
    manager: &SchemaManager<'_>,
    table: &str,
    key: Option<&str>,
) -> Result<(), DbErr> {
    let db = manager.get_connection();
    let definitions = format!(
        "SELECT sql FROM sqlite_master WHERE tbl_name = '{table}' AND sql IS NOT NULL \
         ORDER BY type = 'table' DESC"
    );
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Sqlite, definitions));
    let definitions: Result<Vec<String>, DbErr> = rows
        .await?
        .iter()
        .map(|row| row.try_get("", "sql"))
        .collect();
    let definitions = definitions?;
    let (definition, others) = definitions
        .split_first()
        .ok_or_else(|| DbErr::Custom(format!("there is no table {table}")))?;
    let columns = definition
        .split_once('(')
        .and_then(|(_, columns)| columns.rsplit_once(')'))
        .map(|(columns, _)| columns.replace(" REFERENCES placement (id)", ""))
        .ok_or_else(|| DbErr::Custom(format!("the definition of {table} cannot be read")))?;
    let columns = match key {
        None => columns,
        Some(key) => columns.replace(" PRIMARY KEY", "") + &format!(", PRIMARY KEY ({key})"),
    };
    let moves = [
        format!("CREATE TABLE {table}_anew ({columns}) WITHOUT ROWID"),
        format!("INSERT INTO {table}_anew SELECT * FROM {table}"),
        format!("DROP TABLE {table}"),
        format!("ALTER TABLE {table}_anew RENAME TO {table}"),
    ];
    for statement in moves.iter().chain(others) {
        db.execute_unprepared(statement).await?;
    }
    Ok(())
}

/// Declares a step that runs one script, under the name by which the database remembers it.
macro_rules! step {
    ($name:literal, $script:expr) => {
        /// This step.
        #[derive(Debug)]
        pub(crate) struct Migration;

        impl sea_orm_migration::prelude::MigrationName for Migration {
            fn name(&self) -> &'static str {
                $name
            }
        }

        #[async_trait::async_trait]
        impl sea_orm_migration::prelude::MigrationTrait for Migration {
            async fn up(
                &self,
                manager: &sea_orm_migration::prelude::SchemaManager,
            ) -> Result<(), sea_orm_migration::prelude::DbErr> {
                $crate::dialect::run(manager, $script).await
            }
        }
    };
}
pub(crate) use step;
