//! The control feed: notices from one node to the others, numbered so that no reader misses an entry.

use sea_orm::{QueryOrder, QuerySelect, entity::prelude::*};

use crate::ids::CreditorId;
use crate::queries::insert;
use crate::{Result, Transaction, cluster_counter, control_feed};

/// Appends an entry and returns its number.
///
/// All other appends wait until the transaction ends, so this must be its last statement.
pub async fn append_feed(
    db: &Transaction,
    kind: &str,
    creditor: CreditorId,
    at_ms: i64,
) -> Result<i64> {
    let number = super::next_number(db, "control_feed").await?;
    let entry = control_feed::Model {
        number,
        kind: kind.to_owned(),
        creditor_id: creditor,
        at_ms,
    };
    insert(db, entry).await?;
    Ok(number)
}

/// Returns the entries after number `after`, in order and at most `limit`.
pub async fn read_feed(
    db: &impl ConnectionTrait,
    after: i64,
    limit: u64,
) -> Result<Vec<control_feed::Model>> {
    use control_feed::{Column, Entity};
    let newer = Entity::find().filter(Column::Number.gt(after));
    newer
        .order_by_asc(Column::Number)
        .limit(limit)
        .all(db)
        .await
}

/// Returns the number of the newest entry; 0 if there is none.
pub async fn feed_head(db: &impl ConnectionTrait) -> Result<i64> {
    let counter = cluster_counter::Entity::find_by_id("control_feed");
    Ok(counter.one(db).await?.map_or(0, |counter| counter.value))
}
