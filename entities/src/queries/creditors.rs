//! Creditors, and the lock of their positions.

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};

use super::bulk::{self, Upsert};
use super::contains;
use crate::Transaction;
use crate::database::{for_update, statement};
use crate::ids::CreditorId;
use crate::{creditor, creditor_position};

/// Locks the positions of `creditors`, in the order of their ids, until the transaction ends.
///
/// Every transaction that produces events begins with this: it is what orders the commits of one
/// creditor. `creditors` must be sorted and without doubles; unknown ones are left out.
///
/// # Errors
/// Whatever the database says.
pub async fn lock_positions(
    transaction: &Transaction,
    creditors: &[CreditorId],
) -> Result<Vec<creditor_position::Model>, DbErr> {
    if creditors.is_empty() {
        return Ok(Vec::new());
    }
    let backend = transaction.get_database_backend();
    let sql = format!(
        "SELECT creditor_id, sequence, updated_ms FROM creditor_position \
         WHERE {} ORDER BY creditor_id{}",
        bulk::is_one_of(backend, "creditor_id", 1),
        for_update(transaction),
    );
    let ids = bulk::ids(backend, creditors.iter().map(|id| id.0));
    creditor_position::Entity::find()
        .from_raw_sql(statement(transaction, &sql, [ids]))
        .all(transaction)
        .await
}

/// Writes back the positions that a transaction has locked and advanced.
///
/// # Errors
/// Whatever the database says.
pub async fn save_positions(
    transaction: &Transaction,
    positions: Vec<creditor_position::Model>,
) -> Result<(), DbErr> {
    use creditor_position::Column;
    // One upsert instead of n updates; the rows exist, so it always updates.
    let upsert = Upsert {
        key: vec![Column::CreditorId],
        update: vec![Column::Sequence, Column::UpdatedMs],
    };
    bulk::upsert::<_, creditor_position::ActiveModel, _>(transaction, positions, upsert).await
}

/// Inserts a creditor and its position. A taken e-mail is a unique violation.
///
/// # Errors
/// Whatever the database says.
pub async fn insert(transaction: &Transaction, model: creditor::Model) -> Result<(), DbErr> {
    let position = creditor_position::Model {
        creditor_id: model.id,
        sequence: 0,
        updated_ms: 0,
    };
    super::bulk::insert::<_, creditor::ActiveModel, _>(transaction, vec![model]).await?;
    super::bulk::insert::<_, creditor_position::ActiveModel, _>(transaction, vec![position]).await
}

/// Writes every column of a creditor whose position the transaction has locked.
///
/// # Errors
/// Whatever the database says.
pub async fn save(transaction: &Transaction, model: creditor::Model) -> Result<(), DbErr> {
    super::save::<_, creditor::ActiveModel, _>(transaction, model).await
}

/// The creditor with this id.
///
/// # Errors
/// Whatever the database says.
pub async fn by_id<C: ConnectionTrait>(
    connection: &C,
    id: CreditorId,
) -> Result<Option<creditor::Model>, DbErr> {
    creditor::Entity::find_by_id(id).one(connection).await
}

/// The creditors with these ids.
///
/// # Errors
/// Whatever the database says.
pub async fn by_ids<C: ConnectionTrait>(
    connection: &C,
    ids: &[CreditorId],
) -> Result<Vec<creditor::Model>, DbErr> {
    let backend = connection.get_database_backend();
    let sql = format!(
        "SELECT * FROM creditor WHERE {}",
        bulk::is_one_of(backend, "id", 1)
    );
    let ids = bulk::ids(backend, ids.iter().map(|id| id.0));
    creditor::Entity::find()
        .from_raw_sql(statement(connection, &sql, [ids]))
        .all(connection)
        .await
}

/// The creditor whose account has this (lower-cased) e-mail.
///
/// # Errors
/// Whatever the database says.
pub async fn by_email<C: ConnectionTrait>(
    connection: &C,
    email: &str,
) -> Result<Option<creditor::Model>, DbErr> {
    creditor::Entity::find()
        .filter(creditor::Column::Email.eq(email))
        .one(connection)
        .await
}

/// A page of creditors whose name or e-mail contains `q`, or whose id or key prefix it is, newest
/// first, and how many there are.
///
/// # Errors
/// Whatever the database says.
pub async fn search<C: ConnectionTrait>(
    connection: &C,
    q: Option<&str>,
    limit: u64,
    offset: u64,
) -> Result<(Vec<creditor::Model>, u64), DbErr> {
    let mut query = creditor::Entity::find();
    if let Some(q) = q {
        let owner = super::keys::creditor_of_prefix(connection, q).await?;
        let id = uuid::Uuid::parse_str(q).ok().map(CreditorId).or(owner);
        query = query.filter(
            Condition::any()
                .add_option(id.map(|id| creditor::Column::Id.eq(id)))
                .add(contains(creditor::Column::Search, q)),
        );
    }
    let total = query.clone().count(connection).await?;
    let rows = query
        .order_by_desc(creditor::Column::CreatedMs)
        .order_by_desc(creditor::Column::Id)
        .limit(limit)
        .offset(offset)
        .all(connection)
        .await?;
    Ok((rows, total))
}
