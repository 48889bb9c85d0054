//! What the delivery queue promises, whoever dies: looked up behind the service's back.

use std::collections::HashSet;

use uuid::Uuid;

use super::{Process, Receiver, TestDatabase, eventually};

/// Sends of one endpoint that a process has in flight or not yet written down, at most.
pub(crate) const UNWRITTEN: usize = 32;

const DELIVERED_TWICE: &str = "SELECT count(*) FROM (\
    SELECT delivery_id FROM delivery_attempt WHERE outcome = 'delivered' \
    GROUP BY delivery_id HAVING count(*) > 1) AS twice";

/// Waits until every accepted invoice was told to the receiver and nothing is left to send; no
/// invoice was placed twice, and no delivery has ended twice.
pub(crate) async fn settled(
    database: &TestDatabase,
    receiver: &Receiver,
    accepted: &HashSet<String>,
) {
    assert!(!accepted.is_empty());
    let mut left = accepted.len() + 1;
    while left > 0 {
        left = eventually("one more of the accepted events arrives", || async {
            let still = accepted.difference(&receiver.invoices()).count();
            (still < left).then_some(still)
        })
        .await;
    }
    eventually("nothing is left to send", || async {
        (database.number("SELECT count(*) FROM delivery").await == 0).then_some(())
    })
    .await;
    assert_eq!(&receiver.invoices(), accepted, "and no other");
    let placed = database.number("SELECT count(*) FROM placement").await;
    assert_eq!(usize::try_from(placed).unwrap(), accepted.len());
    assert_eq!(database.number(DELIVERED_TWICE).await, 0);
}

/// The `webhook-id`s of what an epoch has leased.
pub(crate) async fn leased(database: &TestDatabase, epoch: i64) -> HashSet<String> {
    let sql = format!("SELECT message_id FROM delivery WHERE owner = {epoch}");
    webhook_ids(database, &sql).await
}

/// The `webhook-id`s of what has not been delivered.
pub(crate) async fn undelivered(database: &TestDatabase) -> HashSet<String> {
    webhook_ids(database, "SELECT message_id FROM delivery").await
}

async fn webhook_ids(database: &TestDatabase, sql: &str) -> HashSet<String> {
    let messages: Vec<Uuid> = database.column(sql).await;
    messages.iter().map(|id| format!("msg_{id}")).collect()
}

/// Waits, while `receiver` holds its answers back, until it holds some of this process.
pub(crate) async fn in_flight(
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
