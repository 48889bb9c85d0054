//! The outbox: messages and their deliveries, written in the transaction of what they tell.

use sea_orm::DbErr;

use crate::{Transaction, delivery, message};

/// Writes messages and the deliveries that carry them.
pub async fn write(
    transaction: &Transaction,
    messages: Vec<message::Model>,
    deliveries: Vec<delivery::Model>,
) -> Result<(), DbErr> {
    use super::bulk::insert;
    futures::try_join!(
        insert::<_, message::ActiveModel, _>(transaction, messages),
        insert::<_, delivery::ActiveModel, _>(transaction, deliveries),
    )?;
    Ok(())
}
