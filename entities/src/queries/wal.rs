//! Checkpoints of SQLite's write-ahead log, outside of commits.
//!
//! A commit that checkpoints the whole log blocks all other writers for long. A separate connection therefore copies
//! the log into the database while others write. The write connection then copies the small rest between two
//! transactions and restarts the log. A checkpoint cannot pass the snapshot of a reader, so the log grows until the
//! reader has finished.
//!
//! Source: <https://www.sqlite.org/wal.html>, "Avoiding Excessively Large WAL Files".

use sea_orm::{ConnectionTrait as _, DbErr};

use crate::database::BUSY_TIMEOUT;
use crate::{Database, Pool, Result, sql};

/// Pages (4 KiB) at which the log is restarted: 100 MiB.
const MAX_LOG_PAGES: i64 = 25_000;
/// Pages below which another pass is not worthwhile: 4 MiB.
const MIN_PASS_PAGES: i64 = 1_000;
/// Maximum passes before the restart. Each pass copies what was written during the previous one.
const MAX_PASSES: usize = 4;

const CHECKPOINT: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// Waits for the current readers, because each of them prevents the restart. The timeout is short, because all writers
/// wait meanwhile.
const RESTART: &str = "PRAGMA busy_timeout = 100; PRAGMA wal_checkpoint(RESTART)";

/// Runs one round. Returns the length of the log in pages of 4 KiB, measured when the last pass began.
///
/// Does nothing on Postgres, which checkpoints by itself, and returns 0.
pub async fn checkpoint_wal(database: &Database) -> Result<i64> {
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

async fn restart_log(writer: &Pool) -> Result<()> {
    let restarted = writer.execute_unprepared(RESTART).await;
    let reset = format!("PRAGMA busy_timeout = {}", BUSY_TIMEOUT.as_millis());
    writer.execute_unprepared(&reset).await?;
    restarted?;
    Ok(())
}

/// Result of `PRAGMA wal_checkpoint`.
#[derive(Debug, Clone, Copy, Default)]
struct Pass {
    /// Length of the log in pages when the pass began; -1 if another checkpoint is running.
    pages: i64,
    /// Number of these pages that have been copied into the database.
    copied: i64,
}

/// The step after a pass.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// Another pass, for the pages that were written during this one.
    Pass,
    /// A restart of the log: the rest is small enough for the write connection to copy.
    Restart,
    /// The end of the round.
    End,
}

impl Pass {
    async fn run(db: &Pool) -> Result<Self> {
        let row: Option<(i64, i64, i64)> = sql::value(db, CHECKPOINT, []).await?;
        let no_row = || DbErr::RecordNotFound("a checkpoint returned no row".into());
        let (_busy, pages, copied) = row.ok_or_else(no_row)?;
        Ok(Self { pages, copied })
    }

    /// Decides the next step. `copied_before` is the number of pages that the previous pass had copied.
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
    fn short_log_is_not_restarted() {
        assert_eq!(next(0, 0, 0), Next::End);
        assert_eq!(next(24_999, 24_999, 0), Next::End);
        assert_eq!(next(-1, -1, 0), Next::End);
    }

    #[test]
    fn full_log_restarts_once_the_rest_is_small() {
        assert_eq!(next(25_000, 25_000, 0), Next::Pass);
        assert_eq!(next(27_000, 27_000, 25_000), Next::Pass);
        assert_eq!(next(28_000, 27_500, 27_000), Next::Restart);
    }

    #[test]
    fn held_snapshot_ends_the_round() {
        assert_eq!(next(30_000, 28_999, 28_999), Next::End);
        assert_eq!(next(30_000, 0, 0), Next::End);
    }
}
