//! The outbox: messages and their deliveries, written in the transaction of what they tell.

use sea_orm::DbErr;

use crate::{Transaction, delivery, message};

/// Writes messages and the deliveries that carry them.
///
/// # Errors
/// Whatever the database says.
pub async fn write(
    transaction: &Transaction,
    messages: Vec<message::Model>,
    deliveries: Vec<delivery::Model>,
) -> Result<(), DbErr> {
    super::bulk::insert::<_, message::ActiveModel, _>(transaction, messages).await?;
    super::bulk::insert::<_, delivery::ActiveModel, _>(transaction, deliveries).await
}
