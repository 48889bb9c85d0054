//! Statements with lists of rows or keys as parameters.
//!
//! The text of such a statement depends on the length of its list, and the database parses and plans every new text.
//! That costs more than the rows. Lists are therefore padded to the next power of two with rows of nulls. These match
//! nothing and are not inserted.

use sea_orm::sea_query::Value;
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbBackend, DbErr, EntityName as _, EntityTrait,
    FromQueryResult, IdenStatic, IntoActiveModel, Iterable as _,
};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::ids::CreditorId;
use crate::sql::{self, statement};

/// Maximum number of rows in a list; a power of two.
pub(super) const ROWS: usize = 256;

/// How an upsert treats a row whose key exists.
pub(super) struct Upsert<Column> {
    /// The columns of the key.
    pub(super) key: Vec<Column>,
    /// The columns that are overwritten.
    pub(super) update: Vec<Column>,
}

/// Inserts rows.
pub(super) async fn insert<M, A, C>(connection: &C, models: Vec<M>) -> Result<(), DbErr>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait,
    C: ConnectionTrait,
{
    write::<M, A, C>(connection, models, "").await
}

/// Inserts rows, and updates rows whose key exists.
pub(super) async fn upsert<M, A, C>(
    connection: &C,
    models: Vec<M>,
    upsert: Upsert<<A::Entity as EntityTrait>::Column>,
) -> Result<(), DbErr>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait,
    C: ConnectionTrait,
{
    let key: Vec<&str> = upsert.key.iter().map(IdenStatic::as_str).collect();
    let update = upsert.update.iter().map(|column| {
        let name = column.as_str();
        format!("{name} = excluded.{name}")
    });
    let update: Vec<String> = update.collect();
    let conflict = format!(
        " ON CONFLICT ({}) DO UPDATE SET {}",
        key.join(", "),
        update.join(", ")
    );
    write::<M, A, C>(connection, models, &conflict).await
}

async fn write<M, A, C>(connection: &C, models: Vec<M>, conflict: &str) -> Result<(), DbErr>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait,
    C: ConnectionTrait,
{
    let columns: Vec<_> = <A::Entity as EntityTrait>::Column::iter().collect();
    let names: Vec<&'static str> = columns.iter().map(IdenStatic::as_str).collect();
    let table = A::Entity::default();
    let backend = connection.get_database_backend();
    let mut models = models.into_iter().peekable();
    let mut statements = Vec::new();
    while models.peek().is_some() {
        let mut list = List::of(&names);
        for model in models.by_ref().take(ROWS) {
            let mut model = model.into_active_model();
            for column in &columns {
                let value = model.take(*column).into_value();
                list.cells
                    .push(value.ok_or_else(|| incomplete(table.table_name(), column))?);
            }
        }
        // The first column of every table belongs to its key and is never null.
        let (first, names) = (names[0], names.join(", "));
        let (rows, values) = list.named("new_row", backend);
        let insert = match backend {
            // The caller rolls the transaction back after an error. With FAIL, SQLite keeps no statement journal, which
            // took a tenth of the time.
            DbBackend::Sqlite => "INSERT OR FAIL INTO",
            _ => "INSERT INTO",
        };
        let text = format!(
            "{insert} {} ({names}) WITH {rows} SELECT {names} FROM new_row WHERE {first} IS NOT NULL{conflict}",
            table.table_name()
        );
        statements.push(statement(connection, &text, values));
    }
    // Builds all statements before the first one runs. A caller that writes several tables concurrently can then build
    // the statements of one table while another one is written.
    for statement in statements {
        connection.execute_raw(statement).await?;
    }
    Ok(())
}

fn incomplete(table: &str, column: &impl IdenStatic) -> DbErr {
    DbErr::Custom(format!(
        "a row for {table} lacks a value for {}",
        column.as_str()
    ))
}

/// A list of rows that become parameters of a statement.
#[derive(Debug)]
pub(super) struct List<'a> {
    names: &'a [&'static str],
    cells: Vec<Value>,
}

impl<'a> List<'a> {
    /// Creates an empty list with these columns.
    pub(super) fn of(names: &'a [&'static str]) -> Self {
        Self {
            names,
            cells: Vec::new(),
        }
    }

    /// Adds a row. A list holds at most [`ROWS`] rows.
    pub(super) fn push<const N: usize>(&mut self, row: [Value; N]) {
        debug_assert_eq!(N, self.names.len(), "one cell for each column");
        self.cells.extend(row);
    }

    /// Returns the list as a common table expression called `name`, and its parameters. They must be the first
    /// parameters of the statement.
    pub(super) fn named(mut self, name: &str, backend: DbBackend) -> (String, Vec<Value>) {
        use std::fmt::Write as _;
        let width = self.names.len();
        let rows = (self.cells.len() / width).next_power_of_two();
        while self.cells.len() < rows * width {
            let null = self.cells[self.cells.len() % width].as_null();
            self.cells.push(null);
        }
        let mut text = format!("{name} ({}) AS (VALUES ", self.names.join(", "));
        for n in 0..rows * width {
            text.push_str(match (n, n % width) {
                (0, _) => "(",
                (_, 0) => "), (",
                _ => ", ",
            });
            match backend {
                // `$1` would be a named parameter on SQLite, and names cost a lookup.
                DbBackend::Sqlite => text.push('?'),
                _ => {
                    let _ = write!(text, "${}", n + 1);
                }
            }
        }
        text.push_str("))");
        (text, self.cells)
    }
}

/// Returns the rows of `table` whose creditor and `column` equal one of the pairs. The table has a unique index on both.
pub(super) async fn by_pairs<T: FromQueryResult, C: ConnectionTrait>(
    connection: &C,
    table: &str,
    column: &str,
    pairs: &[(CreditorId, String)],
) -> Result<Vec<T>, DbErr> {
    let backend = connection.get_database_backend();
    let source = match backend {
        // Only the unique index has this order. While the table is empty, a scan and every index cost the same, and
        // Postgres would cache a plan that later reads all rows of the creditor.
        DbBackend::Postgres => format!(
            "LATERAL (SELECT * FROM {table} WHERE creditor_id = pair.creditor_id AND {column} >= pair.text \
             ORDER BY {column} LIMIT 1)"
        ),
        _ => table.to_owned(),
    };
    let mut found = Vec::new();
    for pairs in pairs.chunks(ROWS) {
        let mut list = List::of(&["creditor_id", "text"]);
        for (creditor, text) in pairs {
            list.push([creditor.0.into(), text.as_str().into()]);
        }
        let (pairs, values) = list.named("pair", backend);
        // SQLite does not reorder a CROSS JOIN. With any other join it would scan the whole table.
        let text = format!(
            "WITH {pairs} SELECT r.* FROM pair CROSS JOIN {source} r \
             WHERE r.creditor_id = pair.creditor_id AND r.{column} = pair.text"
        );
        found.extend(sql::rows(connection, &text, values).await?);
    }
    Ok(found)
}

/// Returns the condition that `column` is one of the ids in parameter `$n`. [`ids`] creates the parameter.
pub(super) fn is_one_of(backend: DbBackend, column: &str, n: usize) -> String {
    match backend {
        DbBackend::Postgres => format!("{column} = ANY (CAST(CAST(${n} AS text) AS uuid[]))"),
        _ => format!("{column} IN (SELECT unhex(value, '-') FROM json_each(${n}))"),
    }
}

/// Creates the parameter of [`is_one_of`].
pub(super) fn ids(backend: DbBackend, ids: impl Iterator<Item = Uuid>) -> Value {
    let ids: Vec<String> = ids.map(|id| id.to_string()).collect();
    match backend {
        DbBackend::Postgres => format!("{{{}}}", ids.join(",")).into(),
        _ => Json::from(ids).to_string().into(),
    }
}
