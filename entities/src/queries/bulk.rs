//! Many rows, or many keys, in one statement of few different texts.
//!
//! A statement of another length for every number of rows is another statement every time: the database parses and plans
//! each of them anew, which costs more than the rows. So a list is as long as the next power of two, filled up with rows of
//! nulls, which match nothing and are not inserted.

use sea_orm::sea_query::Value;
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbBackend, DbErr, EntityName as _, EntityTrait, IdenStatic,
    IntoActiveModel, Iterable as _,
};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::database::statement;

/// Rows of one list, at most: a power of two.
pub(super) const ROWS: usize = 256;

/// What happens to a row whose key is there already.
pub(super) struct Upsert<Column> {
    /// The columns of the key.
    pub(super) key: Vec<Column>,
    /// The columns that are overwritten.
    pub(super) update: Vec<Column>,
}

/// Inserts models.
pub(super) async fn insert<M, A, C>(connection: &C, models: Vec<M>) -> Result<(), DbErr>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait,
    C: ConnectionTrait,
{
    write::<M, A, C>(connection, models, "").await
}

/// Inserts models, and overwrites what is there already.
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
        // The first column of every table is of its key, and never null.
        let (first, names) = (names[0], names.join(", "));
        let (rows, values) = list.named("new_row", backend);
        let insert = match backend {
            // Whoever gets an error rolls the transaction back, so the statement need not remember how to undo itself, which
            // took a tenth of the time.
            DbBackend::Sqlite => "INSERT OR FAIL INTO",
            _ => "INSERT INTO",
        };
        let sql = format!(
            "{insert} {} ({names}) WITH {rows} SELECT {names} FROM new_row WHERE {first} IS NOT NULL{conflict}",
            table.table_name()
        );
        statements.push(statement(connection, &sql, values));
    }
    // All are ready before the first is executed: whoever writes several tables makes one ready while another is written.
    for statement in statements {
        connection.execute_raw(statement).await?;
    }
    Ok(())
}

fn incomplete(table: &str, column: &impl IdenStatic) -> DbErr {
    DbErr::Custom(format!("a row for {table} has no {}", column.as_str()))
}

/// A list of rows that a statement gets as parameters.
#[derive(Debug)]
pub(super) struct List<'a> {
    names: &'a [&'static str],
    cells: Vec<Value>,
}

impl<'a> List<'a> {
    /// An empty list with these columns.
    pub(super) fn of(names: &'a [&'static str]) -> Self {
        Self {
            names,
            cells: Vec::new(),
        }
    }

    /// Adds a row, of which there may be [`ROWS`].
    pub(super) fn push<const N: usize>(&mut self, row: [Value; N]) {
        debug_assert_eq!(N, self.names.len(), "a cell for each column");
        self.cells.extend(row);
    }

    /// The list for a `WITH` clause, under `name`, and its parameters, which are the statement's first.
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
                // By its number alone: SQLite looks a parameter with a name up by it.
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

/// Pairs of a creditor and a text, as lists `pair (creditor_id, text)`.
pub(super) fn pairs<'a>(
    pairs: &'a [(crate::ids::CreditorId, String)],
    backend: DbBackend,
) -> impl Iterator<Item = (String, Vec<Value>)> + 'a {
    pairs.chunks(ROWS).map(move |pairs| {
        let mut list = List::of(&["creditor_id", "text"]);
        for (creditor, text) in pairs {
            list.push([creditor.0.into(), text.as_str().into()]);
        }
        list.named("pair", backend)
    })
}

/// A condition that `column` is one of the ids of parameter `$n`, which [`ids`] makes.
pub(super) fn is_one_of(backend: DbBackend, column: &str, n: usize) -> String {
    match backend {
        DbBackend::Postgres => format!("{column} = ANY (CAST(CAST(${n} AS text) AS uuid[]))"),
        _ => format!("{column} IN (SELECT unhex(value, '-') FROM json_each(${n}))"),
    }
}

/// The parameter of [`is_one_of`].
pub(super) fn ids(backend: DbBackend, ids: impl Iterator<Item = Uuid>) -> Value {
    let ids: Vec<String> = ids.map(|id| id.to_string()).collect();
    match backend {
        DbBackend::Postgres => format!("{{{}}}", ids.join(",")).into(),
        _ => Json::from(ids).to_string().into(),
    }
}
