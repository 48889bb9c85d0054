//! Every statement of the program, one file a subject.
//!
//! Queries of a creditor's data take the creditor. Functions that take a [`Transaction`] must run
//! inside the one that their caller composes; functions that take any connection are plain reads.
//!
//! [`Transaction`]: crate::Transaction

pub mod audit;
mod bulk;
pub mod creditors;
pub mod delivery;
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
pub mod writer;

use sea_orm::sea_query::{Expr, ExprTrait as _, LikeExpr};
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait,
    IntoActiveModel,
};

/// Writes every column of a row that is locked by the caller.
async fn save<M, A, C>(connection: &C, model: M) -> Result<(), DbErr>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait + ActiveModelBehavior + Send,
    <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
    C: ConnectionTrait,
{
    model
        .into_active_model()
        .reset_all()
        .update(connection)
        .await
        .map(|_| ())
}

/// What is searched, folded in one way whatever the database's collation: SQLite and a Postgres
/// with the C locale fold ASCII only.
#[must_use]
pub fn folded(parts: &[&str]) -> String {
    parts.join("\n").to_lowercase()
}

/// A folded `column` contains `part`, without case, taking `%` and `_` for themselves.
fn contains<C: ColumnTrait>(column: C, part: &str) -> Expr {
    let literal = folded(&[part])
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    let pattern = LikeExpr::new(format!("%{literal}%")).escape('\\');
    Expr::col((column.entity_name(), column)).like(pattern)
}
