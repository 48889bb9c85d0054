//! SQLite's write-ahead log, and who copies it into the database.

use entities::queries::wal::checkpoint_wal;
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, TransactionTrait as _};

use crate::delivery::tests::running_delivery::{start, until};
use crate::test_support::bench::{Bench, postgres, sqlite};

const MIB: u64 = 1 << 20;
/// As long as the log may become, and longer.
const FULL_MIB: u64 = 101;

impl Bench {
    fn length(&self) -> u64 {
        std::fs::metadata(self.path()).unwrap().len()
    }

    /// Of the log's file, which keeps its length when the log begins anew.
    fn log_length(&self) -> u64 {
        let mut path = self.path().into_os_string();
        path.push("-wal");
        std::fs::metadata(path).unwrap().len()
    }

    /// Writes so much into a table of its own.
    async fn write(&self, mib: u64) {
        for sql in [
            "CREATE TABLE IF NOT EXISTS ballast (data BLOB)",
            &format!("INSERT INTO ballast VALUES (zeroblob({}))", mib * MIB),
        ] {
            self.db.writer().execute_unprepared(sql).await.unwrap();
        }
    }

    /// A reader in the middle of something.
    async fn snapshot(&self) -> DatabaseTransaction {
        let reader = self.db.reader().begin().await.unwrap();
        let read = reader.execute_unprepared("SELECT 1 FROM creditor LIMIT 1");
        read.await.unwrap();
        reader
    }

    /// How long the log was.
    async fn copy(&self) -> i64 {
        checkpoint_wal(&self.db).await.unwrap()
    }
}

#[tokio::test]
async fn commits_leave_the_log_to_the_node() {
    let bench = sqlite().await;
    bench.write(8).await;
    assert!(bench.length() < 8 * MIB);
    let _tree = start(&bench).await;
    let copied = async || bench.length() > 8 * MIB;
    until("the log is in the database", copied).await;
}

#[tokio::test]
async fn a_full_log_begins_anew() {
    let bench = sqlite().await;
    bench.write(FULL_MIB).await;
    let full = bench.log_length();
    assert!(bench.copy().await > 25_000);
    assert!(bench.length() > FULL_MIB * MIB);
    bench.write(50).await;
    assert_eq!(bench.log_length(), full, "it is written from its beginning");
    assert!(bench.copy().await < 25_000);
    assert!(bench.length() > (FULL_MIB + 50) * MIB);
}

#[tokio::test]
async fn a_log_that_somebody_reads_begins_anew_after_them() {
    let bench = sqlite().await;
    bench.write(FULL_MIB).await;
    let full = bench.log_length();
    let reader = bench.snapshot().await;
    bench.copy().await;
    bench.write(1).await;
    let longer = bench.log_length();
    assert!(longer > full, "the reader still needs it");
    reader.rollback().await.unwrap();
    assert!(bench.copy().await > 25_000, "its length is told");
    bench.write(50).await;
    assert_eq!(bench.log_length(), longer);
}

#[tokio::test]
async fn a_snapshot_holds_the_log_back_until_it_ends() {
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
async fn a_writer_still_waits_for_its_turn_afterwards() {
    let bench = sqlite().await;
    bench.write(FULL_MIB).await;
    bench.copy().await;
    let question = "PRAGMA busy_timeout";
    let backend = bench.db.writer().get_database_backend();
    let question = sea_orm::Statement::from_string(backend, question);
    let answer = bench.db.writer().query_one_raw(question).await.unwrap();
    let patience_ms: i64 = answer.unwrap().try_get_by_index(0).unwrap();
    assert_eq!(patience_ms, 10_000);
}

#[tokio::test]
async fn postgres_looks_after_its_own() {
    let Some(bench) = postgres().await else {
        return;
    };
    assert_eq!(bench.copy().await, 0);
}
