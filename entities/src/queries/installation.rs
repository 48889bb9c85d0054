//! Facts about the installation, which the first start writes and every later one checks.

use crate::sql::{self, params};
use crate::{Database, Result};

/// Stores the value of a fact that has none yet, and returns its value.
pub async fn fact(database: &Database, name: &str, value: &str) -> Result<String> {
    const PUT: &str =
        "INSERT INTO installation (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    sql::execute(database.writer(), PUT, params![name, value]).await?;
    let stored = find(database, name).await?;
    Ok(stored.unwrap_or_else(|| value.to_owned()))
}

/// Returns the value of a fact, from the pool that writes it: on Postgres, readers may have another server.
pub async fn find(database: &Database, name: &str) -> Result<Option<String>> {
    const GET: &str = "SELECT value FROM installation WHERE name = $1";
    sql::value(database.writer(), GET, params![name]).await
}
