//! Checks of the delivery queue after processes were killed or paused.
//!
//! They read the database directly and never call the service.

use std::collections::HashSet;

use uuid::Uuid;

use super::{Process, Receiver, TestDatabase, eventually};

/// The most sends of one endpoint that a process has in flight or not yet recorded.
pub(crate) const MAX_UNRECORDED: usize = 32;

const DELIVERED_TWICE: &str = "SELECT count(*) FROM (\
    SELECT delivery_id FROM delivery_attempt WHERE outcome = 'delivered' \
    GROUP BY delivery_id HAVING count(*) > 1) AS twice";

/// Waits until the receiver has the event of every accepted invoice and the queue is empty.
///
/// Fails if an invoice was placed twice or a delivery was recorded as delivered twice.
pub(crate) async fn wait_until_delivered(
    database: &TestDatabase,
    receiver: &Receiver,
    accepted: &HashSet<String>,
) {
    assert!(!accepted.is_empty());
    let mut left = accepted.len() + 1;
    while left > 0 {
        left = eventually("another accepted event arrives", || async {
            let still = accepted.difference(&receiver.invoices()).count();
            (still < left).then_some(still)
        })
        .await;
    }
    eventually("nothing is left to send", || async {
        (database.number("SELECT count(*) FROM delivery").await == 0).then_some(())
    })
    .await;
    assert_eq!(&receiver.invoices(), accepted, "no other invoice arrives");
    let placed = database.number("SELECT count(*) FROM placement").await;
    assert_eq!(usize::try_from(placed).unwrap(), accepted.len());
    assert_eq!(database.number(DELIVERED_TWICE).await, 0);
}

/// The `webhook-id`s of the deliveries that an epoch has leased.
pub(crate) async fn leased(database: &TestDatabase, epoch: i64) -> HashSet<String> {
    let sql = format!("SELECT message_id FROM delivery WHERE owner = {epoch}");
    webhook_ids(database, &sql).await
}

/// The `webhook-id`s of the deliveries that are still queued.
pub(crate) async fn undelivered(database: &TestDatabase) -> HashSet<String> {
    webhook_ids(database, "SELECT message_id FROM delivery").await
}

async fn webhook_ids(database: &TestDatabase, sql: &str) -> HashSet<String> {
    let messages: Vec<Uuid> = database.column(sql).await;
    messages.iter().map(|id| format!("msg_{id}")).collect()
}

/// Waits until `receiver`, which holds its responses back, has at least two requests of `process`.
///
/// Returns the `webhook-id`s of these requests.
pub(crate) async fn wait_for_in_flight(
    database: &TestDatabase,
    receiver: &Receiver,
    process: &Process,
) -> HashSet<String> {
    let epoch = process.epoch(database).await;
    eventually("sends are in flight", || async {
        let leased = leased(database, epoch).await;
        let in_flight: HashSet<_> = leased
            .intersection(&receiver.unanswered())
            .cloned()
            .collect();
        (in_flight.len() >= 2).then_some(in_flight)
    })
    .await
}
