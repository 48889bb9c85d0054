//! Many rows, or many keys, in one statement whose text is always the same.
//!
//! A list of placeholders as long as the list of rows makes a new statement of every length: the
//! database parses and plans each of them anew, which costs more than the rows. So rows and keys go
//! in as one JSON parameter.

use sea_orm::sea_query::{ColumnType, Value};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, IdenStatic,
    IntoActiveModel, Iterable as _,
};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::database::statement;

/// Rows of one statement.
const ROWS: usize = 500;

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
    if models.is_empty() {
        return Ok(());
    }
    let sql = text::<A::Entity>(connection.get_database_backend(), conflict);
    let mut models = models.into_iter().map(IntoActiveModel::into_active_model);
    loop {
        let rows: Vec<Json> = models
            .by_ref()
            .take(ROWS)
            .map(|model| row(&model))
            .collect();
        if rows.is_empty() {
            return Ok(());
        }
        let values = [Json::from(rows).to_string().into()];
        connection
            .execute_raw(statement(connection, &sql, values))
            .await?;
    }
}

/// `WHERE true` keeps SQLite from reading `ON` as part of a join.
fn text<E: EntityTrait>(backend: DbBackend, conflict: &str) -> String {
    let table = E::default().table_name();
    let names: Vec<&str> = E::Column::iter().map(|column| column.as_str()).collect();
    let names = names.join(", ");
    if backend == DbBackend::Postgres {
        return format!(
            "INSERT INTO {table} ({names}) SELECT {names} \
             FROM json_populate_recordset(NULL::{table}, $1::json) WHERE true{conflict}"
        );
    }
    let values: Vec<String> = E::Column::iter().map(sqlite_value).collect();
    let values = values.join(", ");
    format!(
        "INSERT INTO {table} ({names}) SELECT {values} FROM json_each($1) AS r WHERE true{conflict}"
    )
}

fn sqlite_value<C: ColumnTrait>(column: C) -> String {
    let name = column.as_str();
    match column.def().get_column_type() {
        ColumnType::Uuid | ColumnType::Binary(_) | ColumnType::VarBinary(_) | ColumnType::Blob => {
            // What is not a digit is passed over: a UUID's hyphens, and the `\\x` of bytes.
            format!("unhex(r.value ->> '{name}', '-\\x')")
        }
        _ => format!("r.value ->> '{name}'"),
    }
}

fn row<A: ActiveModelTrait>(model: &A) -> Json {
    let mut row = Map::new();
    for column in <A::Entity as EntityTrait>::Column::iter() {
        if let Some(value) = model.get(column).into_value() {
            row.insert(column.as_str().to_owned(), json(value));
        }
    }
    Json::Object(row)
}

/// The kinds of value that our tables have.
fn json(value: Value) -> Json {
    match value {
        Value::Bool(value) => value.into(),
        Value::Int(value) => value.into(),
        Value::BigInt(value) => value.into(),
        Value::String(value) => value.into(),
        Value::Uuid(value) => value.map(|id| id.to_string()).into(),
        Value::Bytes(value) => value.map(|bytes| format!("\\x{}", hex(&bytes))).into(),
        other => unreachable_kind(&other),
    }
}

/// A table with another kind of column has to be taught here first; the statement refuses a null.
fn unreachable_kind(value: &Value) -> Json {
    debug_assert!(false, "no column of ours holds {value:?}");
    Json::Null
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
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

/// Pairs of a creditor and a text as a table `pair (creditor_id, text)`, from parameter `$n`, which
/// [`pairs`] makes.
pub(super) fn pair_table(backend: DbBackend, n: usize) -> String {
    match backend {
        DbBackend::Postgres => {
            format!("json_to_recordset(CAST(${n} AS json)) AS pair (creditor_id uuid, text text)")
        }
        _ => format!(
            "(SELECT unhex(value ->> 'creditor_id', '-') AS creditor_id, value ->> 'text' AS text \
             FROM json_each(${n})) AS pair"
        ),
    }
}

/// The parameter of [`pair_table`].
pub(super) fn pairs<'a>(pairs: impl Iterator<Item = (Uuid, &'a str)>) -> Value {
    let pairs =
        pairs.map(|(creditor, text)| serde_json::json!({"creditor_id": creditor, "text": text}));
    Json::from(pairs.collect::<Vec<_>>()).to_string().into()
}
