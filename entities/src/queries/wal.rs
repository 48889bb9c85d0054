//! SQLite's write-ahead log is copied into the database beside the transactions, not within a commit.
//!
//! Whoever waits behind a commit that copies the whole log waits long. So a connection of its own
//! copies while others write; what little was written meanwhile is copied on the write connection,
//! between two transactions, and the log begins anew. A reader's snapshot holds back whatever is
//! younger: then the log grows until the reader has gone.
//! Source: <https://www.sqlite.org/wal.html>, "Avoiding Excessively Large WAL Files".

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};

use crate::Database;
use crate::database::{BUSY_TIMEOUT, statement};

/// From so many pages on the log is to begin anew (100 MiB).
const MAX_LOG_PAGES: i64 = 25_000;
/// So many pages (4 MiB) are worth no pass of their own.
const MIN_PASS_PAGES: i64 = 1_000;
/// Passes beside the transactions; each has only what was written during the one before.
const MAX_PASSES: usize = 4;

const CHECKPOINT: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// Waits for the readers of this moment, because any of them would keep the log from beginning anew: not for
/// as long as a writer otherwise waits, for all writers wait behind it.
const RESTART: &str = "PRAGMA busy_timeout = 100; PRAGMA wal_checkpoint(RESTART)";

/// One round. Answers how long the log was, in pages of 4 KiB. Postgres does all this by itself: nothing
/// happens there, and the answer is 0.
///
/// # Errors
/// Whatever the database says; the log stays as long as it is.
pub async fn checkpoint_wal(database: &Database) -> Result<i64, DbErr> {
    let Some(checkpointer) = database.checkpointer() else {
        return Ok(0);
    };
    let mut last = Pass::default();
    for _ in 0..MAX_PASSES {
        let pass = Pass::run(checkpointer).await?;
        let next = pass.next(last.copied);
        last = pass;
        match next {
            Next::Pass => {}
            Next::Restart => break,
            Next::End => return Ok(last.pages),
        }
    }
    restart_log(database.writer()).await?;
    Ok(last.pages)
}

async fn restart_log(writer: &DatabaseConnection) -> Result<(), DbErr> {
    let restarted = writer.execute_unprepared(RESTART).await;
    let timeout_ms = BUSY_TIMEOUT.as_millis();
    let reset = format!("PRAGMA busy_timeout = {timeout_ms}");
    writer.execute_unprepared(&reset).await?;
    restarted.map(|_| ())
}

/// What `PRAGMA wal_checkpoint` answers.
#[derive(Debug, Clone, Copy, Default)]
struct Pass {
    /// Length of the log when it began; -1 while another checkpoint runs.
    pages: i64,
    /// Of these, how many are in the database.
    copied: i64,
}

/// What follows a pass.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// Another one, for what was written during this one.
    Pass,
    /// So little was, that the write connection can copy the rest.
    Restart,
    /// Nothing, in this round.
    End,
}

impl Pass {
    async fn run<C: ConnectionTrait>(connection: &C) -> Result<Self, DbErr> {
        let row = connection.query_one_raw(statement(connection, CHECKPOINT, []));
        let row = row.await?;
        let row = row.ok_or_else(|| DbErr::RecordNotFound("no answer to a checkpoint".into()))?;
        Ok(Self {
            pages: row.try_get_by_index(1)?,
            copied: row.try_get_by_index(2)?,
        })
    }

    /// `copied_before` is how much of the log the pass before had copied.
    fn next(self, copied_before: i64) -> Next {
        let held_back = self.pages - self.copied > MIN_PASS_PAGES;
        if held_back || self.pages < MAX_LOG_PAGES {
            return Next::End;
        }
        if self.pages - copied_before > MIN_PASS_PAGES {
            return Next::Pass;
        }
        Next::Restart
    }
}

#[cfg(test)]
mod tests {
    use super::{Next, Pass};

    fn next(pages: i64, copied: i64, copied_before: i64) -> Next {
        Pass { pages, copied }.next(copied_before)
    }

    #[test]
    fn a_short_log_is_copied_and_goes_on() {
        assert_eq!(next(0, 0, 0), Next::End);
        assert_eq!(next(24_999, 24_999, 0), Next::End);
        assert_eq!(next(-1, -1, 0), Next::End);
    }

    #[test]
    fn a_full_log_begins_anew_once_little_is_left() {
        assert_eq!(next(25_000, 25_000, 0), Next::Pass);
        assert_eq!(next(27_000, 27_000, 25_000), Next::Pass);
        assert_eq!(next(28_000, 27_500, 27_000), Next::Restart);
    }

    #[test]
    fn a_snapshot_ends_the_round() {
        assert_eq!(next(30_000, 28_999, 28_999), Next::End);
        assert_eq!(next(30_000, 0, 0), Next::End);
    }
}
