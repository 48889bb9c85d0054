//! The test whether the database accepts writes again, after it has refused one.

use crate::sql::{self, params};
use crate::{Database, Result};

/// Writes `data`, and removes it. `data` should be random and about as large as a batch, so that a full disk refuses it
/// like the writes of others.
pub async fn probe_writes(database: &Database, data: Vec<u8>) -> Result<()> {
    const PUT: &str = "INSERT INTO write_probe (id, data) VALUES (1, $1) \
        ON CONFLICT (id) DO UPDATE SET data = excluded.data";
    sql::execute(database.writer(), PUT, params![data]).await?;
    sql::execute(database.writer(), "DELETE FROM write_probe", []).await?;
    Ok(())
}
