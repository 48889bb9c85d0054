//! The outbox: messages and their deliveries, written in the same transaction as the change that they report.

use sea_orm::DbErr;

use crate::{Transaction, delivery, message};

/// Inserts messages and their deliveries.
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
