//! Notifications between processes by `NOTIFY`. A notification carries no data; its receiver reads the database.
//!
//! A `NOTIFY` takes a lock that serializes all commits with notifications, so it is never part of a writing
//! transaction.

use std::time::Duration;

use sea_orm::sqlx::postgres::PgListener;
use sea_orm::{DbErr, RuntimeErr};
use tokio::time::timeout;

use crate::sql::{self, params};
use crate::{Database, Result};

const CHANNEL: &str = "partner_api";
/// How long a listener waits for any notification before its connection is replaced. A connection that was dropped
/// without a word looks like one without notifications.
const SILENCE: Duration = Duration::from_secs(60);

/// What has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notification {
    /// Deliveries are due that their writer did not lease.
    pub due: bool,
    /// The control feed has new entries.
    pub feed: bool,
}

impl Notification {
    /// Combines two notifications.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            due: self.due || other.due,
            feed: self.feed || other.feed,
        }
    }

    /// Returns the notification for a receiver that may have missed others.
    #[must_use]
    pub fn everything() -> Self {
        let (due, feed) = (true, true);
        Self { due, feed }
    }

    /// Returns whether nothing has changed.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    fn encode(self) -> &'static str {
        match (self.due, self.feed) {
            (true, true) => "due feed",
            (true, false) => "due",
            (false, _) => "feed",
        }
    }

    /// Decodes the notification of another process. Returns `None` for one of this process, and for an unknown one of a
    /// newer version.
    fn decode(payload: &str, own_epoch: i64) -> Option<Self> {
        let (epoch, words) = payload.split_once(' ')?;
        let is_own = epoch.parse() == Ok(own_epoch);
        let says = |word| words.split(' ').any(|part| part == word);
        let (due, feed) = (says("due"), says("feed"));
        let notification = Self { due, feed };
        (!is_own && !notification.is_empty()).then_some(notification)
    }
}

/// Notifies the other processes. Does nothing on SQLite.
pub async fn notify(db: &Database, epoch: i64, notification: Notification) -> Result<()> {
    if db.is_postgres() {
        let payload = format!("{epoch} {}", notification.encode());
        let values = params![CHANNEL, payload];
        // Not on the node's own connection, so that no heartbeat waits for a notification.
        sql::execute(db.writer(), "SELECT pg_notify($1, $2)", values).await?;
    }
    Ok(())
}

/// A connection that receives the notifications of other processes.
#[derive(Debug)]
pub struct Listener(PgListener);

impl Listener {
    /// Starts listening. Returns `None` on SQLite.
    pub async fn open(db: &Database) -> Result<Option<Self>> {
        let Some(pool) = db.listener() else {
            return Ok(None);
        };
        let pool = pool.unbounded();
        let pool = pool.get_postgres_connection_pool();
        let mut listener = PgListener::connect_with(pool).await.map_err(failed)?;
        listener.listen(CHANNEL).await.map_err(failed)?;
        Ok(Some(Self(listener)))
    }

    /// Waits for a notification of a process other than that of `own_epoch`. Returns `None` after a lost connection,
    /// and after a minute of silence. The caller must then open a new listener, and assume that it missed
    /// notifications.
    ///
    /// # Errors
    /// Fails if the connection fails. The caller must then open a new listener.
    pub async fn next(&mut self, own_epoch: impl Fn() -> i64) -> Result<Option<Notification>> {
        while let Ok(received) = timeout(SILENCE, self.0.try_recv()).await {
            let Some(received) = received.map_err(failed)? else {
                break;
            };
            if let Some(notification) = Notification::decode(received.payload(), own_epoch()) {
                return Ok(Some(notification));
            }
        }
        Ok(None)
    }
}

fn failed(error: sea_orm::sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_and_unknown_notifications_are_ignored() {
        let notifications = [(true, false), (false, true), (true, true)];
        for notification in notifications.map(|(due, feed)| Notification { due, feed }) {
            let payload = format!("7 {}", notification.encode());
            assert_eq!(Notification::decode(&payload, 8), Some(notification));
            assert_eq!(Notification::decode(&payload, 7), None);
        }
        for unknown in ["", "7", "7 something", "x due"] {
            assert_eq!(
                Notification::decode(unknown, 8).is_some(),
                unknown == "x due"
            );
        }
    }
}
