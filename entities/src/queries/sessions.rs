//! Dashboard sessions and onboarding tokens.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, ExprTrait as _, QueryFilter, QueryOrder,
};

use crate::ids::{CreditorId, SessionFamilyId, SessionId};
use crate::session::{self, Column, SessionKind};

/// Inserts a session.
pub async fn insert<C: ConnectionTrait>(
    connection: &C,
    model: session::Model,
) -> Result<(), DbErr> {
    super::bulk::insert::<_, session::ActiveModel, _>(connection, vec![model]).await
}

/// Returns the unexpired session with this token.
pub async fn find<C: ConnectionTrait>(
    connection: &C,
    kind: SessionKind,
    token_hash: &[u8],
    now_ms: i64,
) -> Result<Option<session::Model>, DbErr> {
    session::Entity::find()
        .filter(Column::TokenHash.eq(token_hash))
        .filter(Column::Kind.eq(kind))
        .filter(Column::ExpiresMs.gt(now_ms))
        .one(connection)
        .await
}

/// Records that a session was used. A later time that is already stored is kept.
pub async fn touch<C: ConnectionTrait>(
    connection: &C,
    session: SessionId,
    now_ms: i64,
) -> Result<(), DbErr> {
    session::Entity::update_many()
        .col_expr(Column::SeenMs, Expr::value(now_ms))
        .filter(Column::Id.eq(session))
        .filter(Column::SeenMs.is_null().or(Column::SeenMs.lt(now_ms)))
        .exec(connection)
        .await
        .map(|_| ())
}

/// Shortens the tokens of a family that were issued before `than_ms`, so that they expire at `until_ms` at the latest.
pub async fn shorten_older<C: ConnectionTrait>(
    connection: &C,
    family: SessionFamilyId,
    than_ms: i64,
    until_ms: i64,
) -> Result<(), DbErr> {
    session::Entity::update_many()
        .col_expr(Column::ExpiresMs, Expr::value(until_ms))
        .filter(Column::FamilyId.eq(family))
        .filter(Column::CreatedMs.lt(than_ms))
        .filter(Column::ExpiresMs.gt(until_ms))
        .exec(connection)
        .await
        .map(|_| ())
}

/// Returns when the newest token of a family was issued; `None` if the family has ended.
pub async fn newest_of_family<C: ConnectionTrait>(
    connection: &C,
    family: SessionFamilyId,
) -> Result<Option<i64>, DbErr> {
    let newest = session::Entity::find()
        .filter(Column::FamilyId.eq(family))
        .order_by_desc(Column::CreatedMs)
        .one(connection)
        .await?;
    Ok(newest.map(|newest| newest.created_ms))
}

/// Deletes a session of a creditor and all other tokens of its family.
pub async fn end<C: ConnectionTrait>(
    connection: &C,
    creditor: CreditorId,
    token_hash: &[u8],
) -> Result<(), DbErr> {
    let mine = session::Entity::find()
        .filter(Column::CreditorId.eq(creditor))
        .filter(Column::TokenHash.eq(token_hash))
        .one(connection)
        .await?;
    let Some(mine) = mine else { return Ok(()) };
    session::Entity::delete_many()
        .filter(Column::CreditorId.eq(creditor))
        .filter(Column::FamilyId.eq(mine.family_id))
        .exec(connection)
        .await
        .map(|_| ())
}

/// Deletes all sessions and onboarding tokens of a creditor.
pub async fn end_all<C: ConnectionTrait>(
    connection: &C,
    creditor: CreditorId,
) -> Result<(), DbErr> {
    session::Entity::delete_many()
        .filter(Column::CreditorId.eq(creditor))
        .exec(connection)
        .await
        .map(|_| ())
}
