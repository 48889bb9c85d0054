//! A file system that fills up and is enlarged again, under SQLite: what was answered 201 is there, and what could not be
//! written was refused.
//!
//! `PARTNER_API_FULL_DISK_ROUNDS` sets how often. The test mounts a `tmpfs`, which takes root; without it, it says so and
//! passes.

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;

use futures::future::join_all;

use crate::harness::account::invoice;
use crate::harness::{Account, Http, Process, Receiver, TestDatabase, eventually};

const ROUNDS: usize = 3;
/// Where the file system begins, and by how much each round enlarges it.
const MIB: usize = 1024 * 1024;
const START: usize = 6 * MIB;
const STEP: usize = MIB;
/// Placements on their way at the same time.
const PARALLEL: usize = 8;
/// More than fit into one step.
const MAX_CALLS: usize = 4_000;

/// A `tmpfs` of a size that can be changed; unmounted when it is dropped.
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
        eprintln!("NOT RUN: a tmpfs cannot be mounted here, so no disk was filled");
        return;
    };
    let rounds = std::env::var("PARTNER_API_FULL_DISK_ROUNDS");
    let rounds = rounds.map_or(ROUNDS, |rounds| rounds.parse().expect("a number"));
    let database = TestDatabase::sqlite_in(tempfile::tempdir_in(disk.path()).unwrap());
    let receiver = Receiver::start().await;
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

/// What came of the calls of one round.
struct Filled {
    accepted: Vec<String>,
    /// With 503 `overloaded` and a `Retry-After`.
    refused: usize,
    /// With anything else.
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
        let calls = (0..PARALLEL).map(|lane| async move {
            let number = format!("INV-{round}-{call}-{lane}");
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
