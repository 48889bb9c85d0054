//! SQLite on a file system that fills up and is enlarged again.
//!
//! Placements that were answered 201 must be stored. Placements that could not be written must be
//! refused.
//!
//! `PARTNER_API_FULL_DISK_ROUNDS` sets the number of rounds. The test mounts a `tmpfs`, which
//! requires root. Without root it prints a notice and passes.

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;

use futures::future::join_all;

use crate::harness::account::invoice;
use crate::harness::{Account, Http, Process, Receiver, TestDatabase, eventually};

const ROUNDS: usize = 3;
const MIB: usize = 1024 * 1024;
/// The initial size of the file system, in bytes.
const START: usize = 6 * MIB;
/// By how much each round enlarges it, in bytes.
const STEP: usize = MIB;
/// Number of concurrent placements.
const PARALLEL: usize = 8;
/// More placements than fit into one step.
const MAX_CALLS: usize = 4_000;

/// A `tmpfs` that can be enlarged. It is unmounted on drop.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let disk = Self(folder);
        disk.run("tmpfs", &format!("size={START}")).then_some(disk)
    }

    fn enlarge(&self, size: usize) {
        assert!(self.run("tmpfs", &format!("remount,size={size}")));
    }

    fn run(&self, source: &str, options: &str) -> bool {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, source]);
        let done = mount.arg(self.0.path()).output();
        done.is_ok_and(|done| done.status.success())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn placements_answered_201_survive_a_full_disk() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("NOT RUN: the full disk test cannot mount a tmpfs");
        return;
    };
    let rounds = std::env::var("PARTNER_API_FULL_DISK_ROUNDS");
    let rounds = rounds.map_or(ROUNDS, |rounds| rounds.parse().expect("a number"));
    let database = TestDatabase::sqlite_in(tempfile::tempdir_in(disk.path()).unwrap());
    let receiver = Receiver::start();
    let mut process = Process::start(&database).await;
    let (account, key) = Account::ready(&process.http).await;
    account.set_webhook(&receiver.url).await;
    let mut accepted = HashSet::new();
    let (mut refused, mut wrongly) = (0, 0);
    for round in 0..rounds {
        let filled = fill(&key, round).await;
        accepted.extend(filled.accepted);
        refused += filled.refused;
        wrongly += filled.wrongly_refused;
        disk.enlarge(START + STEP * (round + 1));
        let id = eventually("a placement succeeds again", || async {
            let number = format!("AGAIN-{round}-{}", uuid::Uuid::now_v7());
            let answer = key.post("/v1/placements", invoice(&number)).await;
            (answer.status == 201).then(|| id_of(&answer.body))
        });
        accepted.insert(id.await);
    }
    process.kill();
    let process = Process::start(&database).await;
    let key = key.at(&process.base);
    let mut missing = 0;
    for id in &accepted {
        missing += usize::from(key.get(&format!("/v1/placements/{id}")).await.status != 200);
    }
    let rows = database.number("SELECT count(*) FROM placement").await;
    let answered = accepted.len();
    eprintln!(
        "{rounds} rounds: {answered} answered 201, {refused} refused with 503, {wrongly} otherwise, {rows} rows, {missing} of the 201s missing"
    );
    assert_eq!(
        (missing, wrongly, rows),
        (0, 0, i64::try_from(answered).unwrap())
    );
}

/// The outcomes of the calls of one round.
struct Filled {
    accepted: Vec<String>,
    /// Calls refused with 503 `overloaded` and a `Retry-After` header.
    refused: usize,
    /// Calls with any other response.
    wrongly_refused: usize,
}

/// Places invoices until one is refused.
async fn fill(key: &Http, round: usize) -> Filled {
    let mut filled = Filled {
        accepted: Vec::new(),
        refused: 0,
        wrongly_refused: 0,
    };
    for call in 0..MAX_CALLS / PARALLEL {
        let calls = (0..PARALLEL).map(|n| async move {
            let number = format!("INV-{round}-{call}-{n}");
            key.post("/v1/placements", invoice(&number)).await
        });
        for answer in join_all(calls).await {
            match answer.status {
                201 => filled.accepted.push(id_of(&answer.body)),
                503 if answer.code() == "overloaded" && answer.header("retry-after").is_some() => {
                    filled.refused += 1;
                }
                _ => filled.wrongly_refused += 1,
            }
        }
        if filled.refused + filled.wrongly_refused > 0 {
            break;
        }
    }
    filled
}

fn id_of(placement: &serde_json::Value) -> String {
    placement["id"].as_str().expect("an id").to_owned()
}
