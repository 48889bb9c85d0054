//! The differences between the SQL of the backends: types, storage options, and the append-only guard.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// Runs a script of statements. Each statement ends with `;` at the end of a line.
///
/// The script can contain placeholders:
///
/// - `@uuid`, `@bytes` and `@bool` are types.
/// - `@nil` is the nil UUID.
/// - `@hot` sets the storage options of a Postgres table whose rows are often updated and deleted.
/// - `@clustered` makes a SQLite table `WITHOUT ROWID`, so that its primary key stores the rows.
///
/// # Errors
/// The error of the first statement that fails.
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
    let placeholders = if postgres {
        [
            ("@uuid", "uuid"),
            ("@nil", "'00000000-0000-0000-0000-000000000000'"),
            ("@bytes", "bytea"),
            ("@bool", "boolean"),
            ("@hot", HOT),
            ("@clustered", ""),
        ]
    } else {
        [
            ("@uuid", "blob"),
            ("@nil", "zeroblob(16)"),
            ("@bytes", "blob"),
            ("@bool", "boolean"),
            ("@hot", ""),
            ("@clustered", "WITHOUT ROWID"),
        ]
    };
    placeholders
        .iter()
        .fold(statement.to_owned(), |text, (name, sql)| {
            text.replace(name, sql)
        })
}

/// Creates triggers that reject every update and deletion of rows of `table`.
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
    // SQLite has no TRUNCATE, and its DELETE without WHERE also fires row triggers.
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

/// Declares a step that runs one script. The database stores `$name` once the step is applied.
macro_rules! step {
    ($name:literal, $script:expr) => {
        /// The migration step of this module.
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
