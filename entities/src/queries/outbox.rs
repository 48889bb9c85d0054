//! The outbox: messages and their deliveries, written in the same transaction as the change that they report.

use super::insert_all;
use crate::{Result, Transaction, delivery, message};

/// Inserts messages and their deliveries.
pub async fn write(
    db: &Transaction,
    messages: Vec<message::Model>,
    deliveries: Vec<delivery::Model>,
) -> Result<()> {
    futures::try_join!(insert_all(db, messages), insert_all(db, deliveries))?;
    Ok(())
}
