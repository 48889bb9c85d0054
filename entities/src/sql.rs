//! Statements that are written as text, because the query builder cannot express them or hides what matters in them.
//!
//! Both backends support the placeholders `$1`, `$2`, …. No function retries.

use sea_orm::{
    ConnectionTrait, DbErr, FromQueryResult, QueryResult, Statement, TryGetableMany, Value,
};

/// Creates a statement for the backend of `connection`.
pub(crate) fn statement<C: ConnectionTrait>(
    connection: &C,
    text: &str,
    values: impl IntoIterator<Item = Value>,
) -> Statement {
    Statement::from_sql_and_values(connection.get_database_backend(), text, values)
}

/// Executes a statement and returns the number of rows that it affected.
pub(crate) async fn execute<C: ConnectionTrait>(
    connection: &C,
    text: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, DbErr> {
    let done = connection.execute_raw(statement(connection, text, values));
    Ok(done.await?.rows_affected())
}

/// Returns every row, by the names of its columns.
pub(crate) async fn rows<T: FromQueryResult, C: ConnectionTrait>(
    connection: &C,
    text: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<T>, DbErr> {
    let rows = connection.query_all_raw(statement(connection, text, values));
    let read = |row: &QueryResult| T::from_query_result(row, "");
    rows.await?.iter().map(read).collect()
}

/// Returns the first row, by the names of its columns.
pub(crate) async fn row<T: FromQueryResult, C: ConnectionTrait>(
    connection: &C,
    text: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<T>, DbErr> {
    let row = connection.query_one_raw(statement(connection, text, values));
    row.await?
        .map(|row| T::from_query_result(&row, ""))
        .transpose()
}

/// Returns every row as a value or a tuple, by the order of its columns.
pub(crate) async fn values<T: TryGetableMany, C: ConnectionTrait>(
    connection: &C,
    text: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<T>, DbErr> {
    let rows = connection.query_all_raw(statement(connection, text, values));
    let read = |row: &QueryResult| row.try_get_many_by_index();
    rows.await?.iter().map(read).collect()
}

/// Returns the first row as a value or a tuple, by the order of its columns.
pub(crate) async fn value<T: TryGetableMany, C: ConnectionTrait>(
    connection: &C,
    text: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<T>, DbErr> {
    let row = connection.query_one_raw(statement(connection, text, values));
    row.await?
        .map(|row| row.try_get_many_by_index())
        .transpose()
}
