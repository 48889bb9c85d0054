//! Dashboard sessions and onboarding tokens.

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};

use crate::ids::CreditorId;
use crate::session::{self, Column, SessionKind};

/// Stores a session.
///
/// # Errors
/// Whatever the database says.
pub async fn insert<C: ConnectionTrait>(
    connection: &C,
    model: session::Model,
) -> Result<(), DbErr> {
    super::insert_all::<_, session::ActiveModel, _>(connection, vec![model]).await
}

/// The unexpired session with this token.
///
/// # Errors
/// Whatever the database says.
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

/// Ends one session of a creditor.
///
/// # Errors
/// Whatever the database says.
pub async fn end<C: ConnectionTrait>(
    connection: &C,
    creditor: CreditorId,
    token_hash: &[u8],
) -> Result<(), DbErr> {
    session::Entity::delete_many()
        .filter(Column::CreditorId.eq(creditor))
        .filter(Column::TokenHash.eq(token_hash))
        .exec(connection)
        .await
        .map(|_| ())
}

/// Ends every session of a creditor, the onboarding wizard's included.
///
/// # Errors
/// Whatever the database says.
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
