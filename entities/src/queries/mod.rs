//! Every SQL statement of the program, one file for each subject.
//!
//! Queries of a creditor's data take the creditor. Functions that take a [`Transaction`] are part of the transaction
//! that the caller composes. Most functions that take any connection are plain reads.

pub mod audit;
mod bulk;
pub mod creditors;
pub mod delivery;
pub mod installation;
pub mod keys;
pub mod node;
pub mod onboarding;
pub mod outbox;
pub mod placements;
pub mod retention;
pub mod sessions;
pub mod wal;
pub mod webhook_recoveries;
pub mod webhooks;
pub mod write_probe;
pub mod writer;

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{ExprTrait as _, LikeExpr};

use crate::{Result, Transaction};

pub use bulk::{Row, insert_all};

/// Inserts a row.
///
/// # Errors
/// A unique violation if the row contradicts a unique index.
pub async fn insert(db: &impl ConnectionTrait, row: impl Row) -> Result<()> {
    insert_all(db, vec![row]).await
}

/// A row that [`save`] may write as a whole, because its creditor's lock covers every column.
///
/// The rows of the queue are not among them: their updates check the fence. The audit log is never updated.
pub trait SavedUnderLock: Row {}

impl SavedUnderLock for crate::api_key::Model {}
impl SavedUnderLock for crate::creditor::Model {}
impl SavedUnderLock for crate::onboarding_event::Model {}
impl SavedUnderLock for crate::webhook_endpoint::Model {}
impl SavedUnderLock for crate::webhook_recovery::Model {}

/// Writes every column of a row. The transaction must have locked the row or the position of its creditor.
///
/// A model can leave out columns in `before_save`, as [`crate::webhook_endpoint`] does.
pub async fn save(db: &Transaction, row: impl SavedUnderLock) -> Result<()> {
    row.into_active_model().reset_all().update(db).await?;
    Ok(())
}

/// Joins the parts and folds their case for a search column. The database cannot do this, because SQLite, and Postgres
/// with the C locale, fold only ASCII.
#[must_use]
pub fn fold_case(parts: &[&str]) -> String {
    parts.join("\n").to_lowercase()
}

/// Returns the condition that the folded `column` contains `part`, ignoring case. `%` and `_` are not wildcards.
fn contains<C: ColumnTrait>(column: C, part: &str) -> Expr {
    let literal = fold_case(&[part])
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    let pattern = LikeExpr::new(format!("%{literal}%")).escape('\\');
    Expr::col((column.entity_name(), column)).like(pattern)
}
