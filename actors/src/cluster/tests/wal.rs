//! Tests of the checkpoints of SQLite's write-ahead log.

use entities::queries::wal::checkpoint_wal;
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, TransactionTrait as _};

use crate::delivery::tests::running_delivery::{start, until};
use crate::test_support::bench::{Bench, postgres, sqlite};

const MIB: u64 = 1 << 20;
/// Longer than the length from which on the log is reset.
const FULL_MIB: u64 = 101;

impl Bench {
    fn length(&self) -> u64 {
        std::fs::metadata(self.path()).unwrap().len()
    }

    /// The length of the log's file. The file keeps its length when the log is reset.
    fn log_length(&self) -> u64 {
        let mut path = self.path().into_os_string();
        path.push("-wal");
        std::fs::metadata(path).unwrap().len()
    }

    /// Writes `mib` MiB into a separate table.
    async fn write(&self, mib: u64) {
        for sql in [
            "CREATE TABLE IF NOT EXISTS ballast (data BLOB)",
            &format!("INSERT INTO ballast VALUES (zeroblob({}))", mib * MIB),
        ] {
            self.db.writer().execute_unprepared(sql).await.unwrap();
        }
    }

    /// A reader with an open snapshot.
    async fn snapshot(&self) -> DatabaseTransaction {
        let reader = self.db.reader().begin().await.unwrap();
        let read = reader.execute_unprepared("SELECT 1 FROM creditor LIMIT 1");
        read.await.unwrap();
        reader
    }

    /// Runs a checkpoint. Returns the length of the log before it, in pages.
    async fn copy(&self) -> i64 {
        checkpoint_wal(&self.db).await.unwrap()
    }
}

#[tokio::test]
async fn node_checkpoints_the_log_instead_of_commits() {
    let bench = sqlite().await;
    bench.write(8).await;
    assert!(bench.length() < 8 * MIB);
    let _tree = start(&bench).await;
    let copied = async || bench.length() > 8 * MIB;
    until("the log is copied into the database", copied).await;
}

#[tokio::test]
async fn full_log_is_overwritten_from_its_start() {
    let bench = sqlite().await;
    bench.write(FULL_MIB).await;
    let full = bench.log_length();
    assert!(bench.copy().await > 25_000);
    assert!(bench.length() > FULL_MIB * MIB);
    bench.write(50).await;
    assert_eq!(
        bench.log_length(),
        full,
        "the log is written from its start"
    );
    assert!(bench.copy().await < 25_000);
    assert!(bench.length() > (FULL_MIB + 50) * MIB);
}

#[tokio::test]
async fn full_log_is_overwritten_after_its_reader_has_ended() {
    let bench = sqlite().await;
    bench.write(FULL_MIB).await;
    let full = bench.log_length();
    let reader = bench.snapshot().await;
    bench.copy().await;
    bench.write(1).await;
    let longer = bench.log_length();
    assert!(longer > full, "the reader still needs it");
    reader.rollback().await.unwrap();
    assert!(bench.copy().await > 25_000, "the length is returned");
    bench.write(50).await;
    assert_eq!(bench.log_length(), longer);
}

#[tokio::test]
async fn snapshot_blocks_the_checkpoint_until_it_ends() {
    let bench = sqlite().await;
    let reader = bench.snapshot().await;
    bench.write(8).await;
    assert!(bench.copy().await > 2_000);
    assert!(bench.length() < 8 * MIB);
    reader.rollback().await.unwrap();
    bench.copy().await;
    assert!(bench.length() > 8 * MIB);
}

#[tokio::test]
async fn checkpoint_restores_the_busy_timeout() {
    let bench = sqlite().await;
    bench.write(FULL_MIB).await;
    bench.copy().await;
    let sql = "PRAGMA busy_timeout";
    let backend = bench.db.writer().get_database_backend();
    let query = sea_orm::Statement::from_string(backend, sql);
    let row = bench.db.writer().query_one_raw(query).await.unwrap();
    let timeout_ms: i64 = row.unwrap().try_get_by_index(0).unwrap();
    assert_eq!(timeout_ms, 10_000);
}

#[tokio::test]
async fn checkpoint_does_nothing_on_postgres() {
    let Some(bench) = postgres().await else {
        return;
    };
    assert_eq!(bench.copy().await, 0);
}
