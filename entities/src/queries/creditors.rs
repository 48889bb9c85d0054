//! Creditors and their positions.

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};

use super::bulk::{self, Upsert};
use super::contains;
use crate::Transaction;
use crate::database::for_update;
use crate::ids::CreditorId;
use crate::sql;
use crate::{creditor, creditor_position};

/// Locks the positions of `creditors` in the order of their ids until the transaction ends, and returns them.
///
/// Every transaction that produces events begins with this call, because the lock orders the commits of a creditor.
/// `creditors` must be sorted and free of duplicates. The result omits unknown creditors.
pub async fn lock_positions(
    transaction: &Transaction,
    creditors: &[CreditorId],
) -> Result<Vec<creditor_position::Model>, DbErr> {
    if creditors.is_empty() {
        return Ok(Vec::new());
    }
    let backend = transaction.get_database_backend();
    let text = format!(
        "SELECT creditor_id, sequence, updated_ms FROM creditor_position \
         WHERE {} ORDER BY creditor_id{}",
        bulk::is_one_of(backend, "creditor_id", 1),
        for_update(transaction),
    );
    let ids = bulk::ids(backend, creditors.iter().map(|id| id.0));
    sql::rows(transaction, &text, [ids]).await
}

/// Writes the positions that the transaction has locked and advanced.
pub async fn save_positions(
    transaction: &Transaction,
    positions: Vec<creditor_position::Model>,
) -> Result<(), DbErr> {
    use creditor_position::Column;
    // One upsert replaces n updates. The rows exist, so it never inserts.
    let upsert = Upsert {
        key: vec![Column::CreditorId],
        update: vec![Column::Sequence, Column::UpdatedMs],
    };
    bulk::upsert::<_, creditor_position::ActiveModel, _>(transaction, positions, upsert).await
}

/// Inserts a creditor and its position.
///
/// # Errors
/// A unique violation if the e-mail address is in use.
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
pub async fn save(transaction: &Transaction, model: creditor::Model) -> Result<(), DbErr> {
    super::save::<_, creditor::ActiveModel, _>(transaction, model).await
}

/// Returns the creditor with this id.
pub async fn by_id<C: ConnectionTrait>(
    connection: &C,
    id: CreditorId,
) -> Result<Option<creditor::Model>, DbErr> {
    creditor::Entity::find_by_id(id).one(connection).await
}

/// Returns the creditors with these ids.
pub async fn by_ids<C: ConnectionTrait>(
    connection: &C,
    ids: &[CreditorId],
) -> Result<Vec<creditor::Model>, DbErr> {
    let backend = connection.get_database_backend();
    let text = format!(
        "SELECT * FROM creditor WHERE {}",
        bulk::is_one_of(backend, "id", 1)
    );
    let ids = bulk::ids(backend, ids.iter().map(|id| id.0));
    sql::rows(connection, &text, [ids]).await
}

/// Returns the creditor with this e-mail address, which must be in lower case.
pub async fn by_email<C: ConnectionTrait>(
    connection: &C,
    email: &str,
) -> Result<Option<creditor::Model>, DbErr> {
    creditor::Entity::find()
        .filter(creditor::Column::Email.eq(email))
        .one(connection)
        .await
}

/// Returns a page of creditors, newest first, and the total number of matches. A creditor matches if its name or e-mail
/// address contains `q`, or if `q` is its id or the prefix of one of its keys. `None` matches all.
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
