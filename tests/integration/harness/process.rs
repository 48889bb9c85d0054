//! A server in a child process. It can be killed or paused, and two of them can share a Postgres database.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use uuid::Uuid;

use super::providers::{DOCUSIGN_KEY, MIDDESK_SECRET, STRIPE_SECRET};
use super::server::{MASTER_KEY, SUPPORT_TOKEN, WIDE_TIERS};
use super::{Http, TestDatabase};

/// A running server process. It is killed on drop.
pub(crate) struct Process {
    child: Child,
    /// The log file, if the process was started with `start_logged`.
    log: Option<PathBuf>,
    pub(crate) base: String,
    pub(crate) http: Http,
}

impl Process {
    pub(crate) async fn start(database: &TestDatabase) -> Self {
        Self::started(database, None).await
    }

    /// Starts a process that logs at level `info` to a file, which `logged` reads.
    pub(crate) async fn start_logged(database: &TestDatabase) -> Self {
        let log = database.folder().join(format!("{}.log", Uuid::now_v7()));
        Self::started(database, Some(log)).await
    }

    async fn started(database: &TestDatabase, log: Option<PathBuf>) -> Self {
        let (url, folder) = (database.url().to_owned(), database.folder().to_owned());
        let started = tokio::task::spawn_blocking(move || Self::spawn(&url, &folder, log));
        started.await.unwrap()
    }

    /// Starts a process and kills it after `life`, usually before it listens.
    pub(crate) async fn start_and_kill(database: &TestDatabase, life: Duration) {
        let mut child = command(database.url(), database.folder())
            .stdout(Stdio::null())
            .spawn()
            .expect("the binary runs");
        tokio::time::sleep(life).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }

    fn spawn(url: &str, folder: &Path, log: Option<PathBuf>) -> Self {
        let mut command = command(url, folder);
        if let Some(log) = &log {
            command
                .env("RUST_LOG", "info")
                .stderr(File::create(log).unwrap());
        }
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let base = lines
            .by_ref()
            .map(|line| line.expect("a line"))
            .find_map(|line| line.strip_prefix("listening on ").map(str::to_owned))
            .expect("the server says where it listens");
        // The pipe must be drained, because a full pipe would block the server.
        std::thread::spawn(move || lines.for_each(drop));
        let http = Http::new(&base).unwrap();
        Self {
            child,
            log,
            base,
            http,
        }
    }

    /// Sends SIGKILL: the process gets no chance to clean up.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends SIGTERM, waits for the end and returns the exit code.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        self.signal("-TERM");
        self.child.wait().unwrap().code()
    }

    /// Sends SIGSTOP: the process pauses, and the kernel keeps its connections open.
    pub(crate) fn stop(&self) {
        self.signal("-STOP");
    }

    /// Sends SIGCONT: the process continues and does not know how much time has passed.
    pub(crate) fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").arg(signal).arg(pid).status().unwrap();
        assert!(sent.success());
    }

    /// The latest epoch under which the process leases, or 0 if another process has removed it.
    pub(crate) async fn epoch(&self, database: &TestDatabase) -> i64 {
        let pid = self.child.id();
        let sql = format!("SELECT coalesce(max(epoch), 0) FROM node WHERE name LIKE '%:{pid}'");
        database.number(&sql).await
    }

    /// The peak resident memory of the process so far, in bytes (`VmHWM`).
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("the process runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        kib.expect("a size").trim().parse::<u64>().unwrap() * 1024
    }

    /// The last line of the log that contains `words`.
    pub(crate) fn logged(&self, words: &str) -> Option<String> {
        let log = self.log.as_ref().expect("it was started with a log");
        let text = std::fs::read_to_string(log).unwrap();
        let line = text.lines().rfind(|line| line.contains(words));
        line.map(str::to_owned)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server binary with the settings of the tests.
fn command(url: &str, folder: &Path) -> Command {
    // `PARTNER_API_TEST_BIN` names another build, to see which tests fail on it.
    let binary = std::env::var_os("PARTNER_API_TEST_BIN");
    let mut command =
        Command::new(binary.unwrap_or_else(|| env!("CARGO_BIN_EXE_partner-api").into()));
    command
        .arg("serve")
        .current_dir(folder)
        .env_clear()
        .env("PARTNER_API_LISTEN", "127.0.0.1:0")
        .env("DATABASE_URL", url)
        .env("PARTNER_API_MASTER_KEY", MASTER_KEY)
        .env("PARTNER_API_SUPPORT_TOKEN", SUPPORT_TOKEN)
        .env("PARTNER_API_STRIPE_WEBHOOK_SECRET", STRIPE_SECRET)
        .env("PARTNER_API_MIDDESK_WEBHOOK_SECRET", MIDDESK_SECRET)
        .env("PARTNER_API_DOCUSIGN_HMAC_KEY", DOCUSIGN_KEY)
        .env("PARTNER_API_KEY_BCRYPT_COST", "4")
        .env("PARTNER_API_PASSWORD_BCRYPT_COST", "4")
        .env("PARTNER_API_TIERS", WIDE_TIERS)
        .env(
            "PARTNER_API_RETRY_SCHEDULE",
            "100ms,200ms,200ms,300ms,500ms,1s,1s,1s,1s,1s,1s,1s",
        )
        .env("PARTNER_API_DELIVERY_TIMEOUT", "2s")
        .env("PARTNER_API_SIMULATOR", "off")
        .env(
            "RUST_LOG",
            std::env::var("TEST_LOG").unwrap_or_else(|_| "error".to_owned()),
        );
    command
}
