//! SQLite's write-ahead log is copied into the database beside the transactions, not within a commit.
//!
//! Whoever waits behind a commit that copies the whole log waits long. So a connection of its own
//! copies while others write; what little was written meanwhile is copied on the write connection,
//! between two transactions, and the log begins anew. A reader's snapshot holds back whatever is
//! younger: then the log grows until the reader has gone.
//! Source: <https://www.sqlite.org/wal.html>, "Avoiding Excessively Large WAL Files".

use sea_orm::{ConnectionTrait, DbErr};

use crate::Database;
use crate::database::statement;

/// From so many pages on the log is to begin anew (100 MiB).
const FULL: i64 = 25_000;
/// So many pages (4 MiB) are worth no pass of their own.
const FEW: i64 = 1_000;
/// Passes beside the transactions; each has only what was written during the one before.
const PASSES: usize = 4;

const COPY: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// Waits for the readers of this moment, because any of them would keep the log from beginning anew.
/// It waits with all writers behind it, so not for as long as a writer otherwise waits.
const BEGIN_ANEW: &str =
    "PRAGMA busy_timeout = 100; PRAGMA wal_checkpoint(RESTART); PRAGMA busy_timeout = 10000";

/// What a round found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wal {
    /// All of it is in the database but what was written since, or somebody else copies it.
    Copied,
    /// Somebody still reads a database that is older than this many pages.
    HeldBack {
        /// Pages of 4 KiB that wait.
        pages: i64,
    },
}

/// One round. Postgres does this by itself: nothing happens there.
///
/// # Errors
/// Whatever the database says; the log stays as long as it is.
pub async fn copy_wal(database: &Database) -> Result<Wal, DbErr> {
    let Some(aside) = database.checkpointer() else {
        return Ok(Wal::Copied);
    };
    let mut copied_before = 0;
    for _ in 0..PASSES {
        let pass = Pass::run(aside).await?;
        match pass.next(copied_before) {
            Next::Pass => copied_before = pass.copied,
            Next::BeginAnew => break,
            Next::End(wal) => return Ok(wal),
        }
    }
    database.writer().execute_unprepared(BEGIN_ANEW).await?;
    Ok(Wal::Copied)
}

/// What `PRAGMA wal_checkpoint` answers.
#[derive(Debug, Clone, Copy)]
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
    BeginAnew,
    /// Nothing, in this round.
    End(Wal),
}

impl Pass {
    async fn run<C: ConnectionTrait>(connection: &C) -> Result<Self, DbErr> {
        let row = connection.query_one_raw(statement(connection, COPY, []));
        let row = row.await?;
        let row = row.ok_or_else(|| DbErr::RecordNotFound("no answer to a checkpoint".into()))?;
        Ok(Self {
            pages: row.try_get_by_index(1)?,
            copied: row.try_get_by_index(2)?,
        })
    }

    /// `copied_before` is how much of the log the pass before had copied.
    fn next(self, copied_before: i64) -> Next {
        let held_back = self.pages - self.copied;
        if held_back > FEW {
            return Next::End(Wal::HeldBack { pages: held_back });
        }
        if self.pages < FULL {
            return Next::End(Wal::Copied);
        }
        if self.pages - copied_before > FEW {
            return Next::Pass;
        }
        Next::BeginAnew
    }
}

#[cfg(test)]
mod tests {
    use super::{Next, Pass, Wal};

    fn next(pages: i64, copied: i64, copied_before: i64) -> Next {
        Pass { pages, copied }.next(copied_before)
    }

    #[test]
    fn a_short_log_is_copied_and_goes_on() {
        assert_eq!(next(0, 0, 0), Next::End(Wal::Copied));
        assert_eq!(next(24_999, 24_999, 0), Next::End(Wal::Copied));
        assert_eq!(next(-1, -1, 0), Next::End(Wal::Copied));
    }

    #[test]
    fn a_full_log_begins_anew_once_little_is_left() {
        assert_eq!(next(25_000, 25_000, 0), Next::Pass);
        assert_eq!(next(27_000, 27_000, 25_000), Next::Pass);
        assert_eq!(next(28_000, 27_500, 27_000), Next::BeginAnew);
    }

    #[test]
    fn a_snapshot_ends_the_round() {
        let held = |pages| Next::End(Wal::HeldBack { pages });
        assert_eq!(next(30_000, 28_999, 28_999), held(1_001));
        assert_eq!(next(2_000, 0, 0), held(2_000));
    }
}
