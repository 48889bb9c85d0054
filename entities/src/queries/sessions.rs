//! Dashboard sessions and onboarding tokens.

use sea_orm::{ExprTrait as _, QueryOrder, entity::prelude::*};

use crate::Result;
use crate::ids::{CreditorId, SessionFamilyId, SessionId};
use crate::session::{self, Column, Entity, SessionKind};

/// Returns the unexpired session with this token.
pub async fn find(
    db: &impl ConnectionTrait,
    kind: SessionKind,
    token_hash: &[u8],
    now_ms: i64,
) -> Result<Option<session::Model>> {
    Entity::find()
        .filter(Column::TokenHash.eq(token_hash))
        .filter(Column::Kind.eq(kind))
        .filter(Column::ExpiresMs.gt(now_ms))
        .one(db)
        .await
}

/// Records that a session was used. A later time that is already stored is kept.
pub async fn touch(db: &impl ConnectionTrait, session: SessionId, now_ms: i64) -> Result<()> {
    Entity::update_many()
        .col_expr(Column::SeenMs, Expr::value(now_ms))
        .filter(Column::Id.eq(session))
        .filter(Column::SeenMs.is_null().or(Column::SeenMs.lt(now_ms)))
        .exec(db)
        .await?;
    Ok(())
}

/// Shortens the tokens of a family that were issued before `than_ms`, so that they expire at `until_ms` at the latest.
pub async fn shorten_older(
    db: &impl ConnectionTrait,
    family: SessionFamilyId,
    than_ms: i64,
    until_ms: i64,
) -> Result<()> {
    Entity::update_many()
        .col_expr(Column::ExpiresMs, Expr::value(until_ms))
        .filter(Column::FamilyId.eq(family))
        .filter(Column::CreatedMs.lt(than_ms))
        .filter(Column::ExpiresMs.gt(until_ms))
        .exec(db)
        .await?;
    Ok(())
}

/// Returns when the newest token of a family was issued; `None` if the family has ended.
pub async fn newest_of_family(
    db: &impl ConnectionTrait,
    family: SessionFamilyId,
) -> Result<Option<i64>> {
    let tokens = Entity::find().filter(Column::FamilyId.eq(family));
    let newest = tokens.order_by_desc(Column::CreatedMs).one(db).await?;
    Ok(newest.map(|newest| newest.created_ms))
}

/// Deletes a session of a creditor and all other tokens of its family.
pub async fn end(db: &impl ConnectionTrait, creditor: CreditorId, token_hash: &[u8]) -> Result<()> {
    let is_mine = Column::CreditorId.eq(creditor);
    let session = Entity::find().filter(is_mine.clone().and(Column::TokenHash.eq(token_hash)));
    if let Some(session) = session.one(db).await? {
        let family = is_mine.and(Column::FamilyId.eq(session.family_id));
        Entity::delete_many().filter(family).exec(db).await?;
    }
    Ok(())
}

/// Deletes all sessions and onboarding tokens of a creditor.
pub async fn end_all(db: &impl ConnectionTrait, creditor: CreditorId) -> Result<()> {
    let is_mine = Column::CreditorId.eq(creditor);
    Entity::delete_many().filter(is_mine).exec(db).await?;
    Ok(())
}
