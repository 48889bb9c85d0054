//! Statements that are written as text, because the query builder cannot express them or hides what matters in them.
//!
//! Both backends support the placeholders `$1`, `$2`, …. No function retries.

use sea_orm::{ConnectionTrait, FromQueryResult, QueryResult, Statement, TryGetableMany, Value};

use crate::Result;

/// The parameters of a statement.
macro_rules! params {
    ($($value:expr),* $(,)?) => { [$(sea_orm::Value::from($value)),*] };
}
pub(crate) use params;

/// Creates a statement for the backend of `db`.
pub(crate) fn statement(
    db: &impl ConnectionTrait,
    text: &str,
    values: impl IntoIterator<Item = Value>,
) -> Statement {
    Statement::from_sql_and_values(db.get_database_backend(), text, values)
}

/// Executes a statement and returns the number of rows that it affected.
pub(crate) async fn execute(
    db: &impl ConnectionTrait,
    text: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64> {
    let done = db.execute_raw(statement(db, text, values)).await?;
    Ok(done.rows_affected())
}

/// Returns every row, by the names of its columns.
pub(crate) async fn rows<T: FromQueryResult>(
    db: &impl ConnectionTrait,
    text: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<T>> {
    let rows = T::find_by_statement(statement(db, text, values));
    rows.all(db).await
}

/// Returns the first row, by the names of its columns.
pub(crate) async fn row<T: FromQueryResult>(
    db: &impl ConnectionTrait,
    text: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<T>> {
    let rows = T::find_by_statement(statement(db, text, values));
    rows.one(db).await
}

/// Returns every row as a value or a tuple, by the order of its columns.
pub(crate) async fn values<T: TryGetableMany>(
    db: &impl ConnectionTrait,
    text: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<T>> {
    let rows = db.query_all_raw(statement(db, text, values)).await?;
    rows.iter()
        .map(QueryResult::try_get_many_by_index)
        .collect()
}

/// Returns the first row as a value or a tuple, by the order of its columns.
pub(crate) async fn value<T: TryGetableMany>(
    db: &impl ConnectionTrait,
    text: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<T>> {
    let row = db.query_one_raw(statement(db, text, values)).await?;
    row.map(|row| row.try_get_many_by_index()).transpose()
}
