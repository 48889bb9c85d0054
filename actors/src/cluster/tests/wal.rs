//! Tests of the checkpoints of SQLite's write-ahead log.

use entities::queries::wal::checkpoint_wal;
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, Statement, TransactionTrait as _};

use crate::delivery::tests::running_delivery::{start, until};
use crate::test_support::database::{TestDatabase, postgres, sqlite};

const MIB: u64 = 1 << 20;
/// Longer than the length from which on the log is reset.
const FULL_MIB: u64 = 101;

impl TestDatabase {
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
        let reader = self.db.reader().unbounded().begin().await.unwrap();
        let read = reader.execute_unprepared("SELECT 1 FROM creditor LIMIT 1");
        read.await.unwrap();
        reader
    }

    async fn busy_timeout_ms(&self) -> i64 {
        let writer = self.db.writer();
        let query = Statement::from_string(writer.get_database_backend(), "PRAGMA busy_timeout");
        let row = writer.query_one_raw(query).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }

    /// Runs a checkpoint. Returns the length of the log before it, in pages.
    async fn copy(&self) -> i64 {
        checkpoint_wal(&self.db).await.unwrap()
    }
}

#[tokio::test]
async fn node_checkpoints_the_log_instead_of_commits() {
    let test_db = sqlite().await;
    test_db.write(8).await;
    assert!(test_db.length() < 8 * MIB);
    let _tree = start(&test_db).await;
    let copied = async || test_db.length() > 8 * MIB;
    until("the log is copied into the database", copied).await;
}

#[tokio::test]
async fn full_log_is_overwritten_from_its_start() {
    let test_db = sqlite().await;
    test_db.write(FULL_MIB).await;
    let full = test_db.log_length();
    assert!(test_db.copy().await > 25_000);
    assert!(test_db.length() > FULL_MIB * MIB);
    test_db.write(50).await;
    assert_eq!(
        test_db.log_length(),
        full,
        "the log is written from its start"
    );
    assert!(test_db.copy().await < 25_000);
    assert!(test_db.length() > (FULL_MIB + 50) * MIB);
}

#[tokio::test]
async fn full_log_is_overwritten_after_its_reader_has_ended() {
    let test_db = sqlite().await;
    test_db.write(FULL_MIB).await;
    let full = test_db.log_length();
    let reader = test_db.snapshot().await;
    test_db.copy().await;
    test_db.write(1).await;
    let longer = test_db.log_length();
    assert!(longer > full, "the reader still needs it");
    reader.rollback().await.unwrap();
    assert!(test_db.copy().await > 25_000, "the length is returned");
    test_db.write(50).await;
    assert_eq!(test_db.log_length(), longer);
}

#[tokio::test]
async fn snapshot_blocks_the_checkpoint_until_it_ends() {
    let test_db = sqlite().await;
    let reader = test_db.snapshot().await;
    test_db.write(8).await;
    assert!(test_db.copy().await > 2_000);
    assert!(test_db.length() < 8 * MIB);
    reader.rollback().await.unwrap();
    test_db.copy().await;
    assert!(test_db.length() > 8 * MIB);
}

#[tokio::test]
async fn checkpoint_restores_the_busy_timeout() {
    let test_db = sqlite().await;
    let before = test_db.busy_timeout_ms().await;
    test_db.write(FULL_MIB).await;
    test_db.copy().await;
    assert!(before > 100);
    assert_eq!(test_db.busy_timeout_ms().await, before);
}

#[tokio::test]
async fn checkpoint_does_nothing_on_postgres() {
    let Some(test_db) = postgres().await else {
        return;
    };
    assert_eq!(test_db.copy().await, 0);
}
