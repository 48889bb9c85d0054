//! Statements with lists of rows or keys as parameters.
//!
//! The text of such a statement depends on the length of its list, and the database parses and plans every new text.
//! That costs more than the rows. Lists are therefore padded to the next power of two with rows of nulls. These match
//! nothing and are not inserted.

use sea_orm::{DbBackend, FromQueryResult, IntoActiveModel, Iterable as _, entity::prelude::*};

use crate::ids::CreditorId;
use crate::sql::{self, params};
use crate::{DbErr, Result};

/// Maximum number of rows in a list; a power of two.
pub(super) const ROWS: usize = 256;

type ActiveOf<M> = <<M as ModelTrait>::Entity as EntityTrait>::ActiveModel;
type ColumnOf<M> = <<M as ModelTrait>::Entity as EntityTrait>::Column;
type KeyOf<M> = <<M as ModelTrait>::Entity as EntityTrait>::PrimaryKey;

/// The model of a table.
pub trait Row:
    FromQueryResult + IntoActiveModel<ActiveOf<Self>> + ModelTrait<Entity: Table<Self>>
{
}
impl<M: FromQueryResult + IntoActiveModel<ActiveOf<M>> + ModelTrait<Entity: Table<M>>> Row for M {}

/// The entity of a model.
pub trait Table<M>: EntityTrait<Model = M, ActiveModel: Send> {}
impl<M, E: EntityTrait<Model = M, ActiveModel: Send>> Table<M> for E {}

/// Inserts rows.
pub async fn insert_all<M: Row>(db: &impl ConnectionTrait, rows: Vec<M>) -> Result<()> {
    write(db, rows, "").await
}

/// Inserts rows, and updates rows whose key exists, apart from the columns in `fixed`.
pub(super) async fn upsert<M: Row>(
    db: &impl ConnectionTrait,
    rows: Vec<M>,
    fixed: &[ColumnOf<M>],
) -> Result<()> {
    let key = KeyOf::<M>::iter().map(|key| key.into_column().as_str());
    let key: Vec<&str> = key.collect();
    let is_fixed = |name: &&str| fixed.iter().any(|column| column.as_str() == *name);
    let names = ColumnOf::<M>::iter().map(|column| column.as_str());
    let update = names.filter(|name| !key.contains(name) && !is_fixed(name));
    let update = update.map(|name| format!("{name} = excluded.{name}"));
    let (key, update) = (key.join(", "), update.collect::<Vec<_>>().join(", "));
    let conflict = format!(" ON CONFLICT ({key}) DO UPDATE SET {update}");
    write(db, rows, &conflict).await
}

async fn write<M: Row>(db: &impl ConnectionTrait, models: Vec<M>, conflict: &str) -> Result<()> {
    let columns: Vec<_> = ColumnOf::<M>::iter().collect();
    let names: Vec<&'static str> = columns.iter().map(IdenStatic::as_str).collect();
    let table = table_of::<M>();
    let backend = db.get_database_backend();
    let mut models = models.into_iter().peekable();
    let mut statements = Vec::new();
    while models.peek().is_some() {
        let mut list = List::of(&names);
        for model in models.by_ref().take(ROWS) {
            let mut model = model.into_active_model();
            for (column, name) in columns.iter().zip(&names) {
                let value = model.take(*column).into_value();
                let missing =
                    || DbErr::Custom(format!("a row for {table} lacks a value for {name}"));
                list.cells.push(value.ok_or_else(missing)?);
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
            "{insert} {table} ({names}) WITH {rows} SELECT {names} FROM new_row WHERE {first} IS NOT NULL{conflict}"
        );
        statements.push(sql::statement(db, &text, values));
    }
    // Builds all statements before the first one runs. A caller that writes several tables concurrently can then build
    // the statements of one table while another one is written.
    for statement in statements {
        db.execute_raw(statement).await?;
    }
    Ok(())
}

fn table_of<M: ModelTrait>() -> &'static str {
    M::Entity::default().table_name()
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

/// Returns the rows whose `column` is one of `ids`. `rest` follows this condition in the statement.
pub(super) async fn by_ids<M: Row>(
    db: &impl ConnectionTrait,
    column: ColumnOf<M>,
    ids: &[impl ToString],
    rest: &str,
) -> Result<Vec<M>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (table, column) = (table_of::<M>(), column.as_str());
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let (condition, ids) = match db.get_database_backend() {
        DbBackend::Postgres => (
            format!("{column} = ANY (CAST(CAST($1 AS text) AS uuid[]))"),
            format!("{{{}}}", ids.join(",")),
        ),
        _ => (
            format!("{column} IN (SELECT unhex(value, '-') FROM json_each($1))"),
            serde_json::Value::from(ids).to_string(),
        ),
    };
    let text = format!("SELECT * FROM {table} WHERE {condition}{rest}");
    sql::rows(db, &text, params![ids]).await
}

/// Returns the rows whose creditor and `column` equal one of the pairs. The table has a unique index on both.
pub(super) async fn by_pairs<M: Row>(
    db: &impl ConnectionTrait,
    column: ColumnOf<M>,
    pairs: &[(CreditorId, String)],
) -> Result<Vec<M>> {
    let (table, column) = (table_of::<M>(), column.as_str());
    let backend = db.get_database_backend();
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
            list.push(params![*creditor, text.as_str()]);
        }
        let (pairs, values) = list.named("pair", backend);
        // SQLite does not reorder a CROSS JOIN. With any other join it would scan the whole table.
        let text = format!(
            "WITH {pairs} SELECT r.* FROM pair CROSS JOIN {source} r \
             WHERE r.creditor_id = pair.creditor_id AND r.{column} = pair.text"
        );
        found.extend(sql::rows(db, &text, values).await?);
    }
    Ok(found)
}
