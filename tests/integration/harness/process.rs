//! A server as a process of its own: it can be killed, and two can share a Postgres.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use super::providers::{DOCUSIGN_KEY, MIDDESK_SECRET, STRIPE_SECRET};
use super::server::{MASTER_KEY, SUPPORT_TOKEN, WIDE_TIERS};
use super::{Http, TestDatabase};

/// A running process; killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) base: String,
    pub(crate) http: Http,
}

impl Process {
    pub(crate) async fn start(database: &TestDatabase) -> Self {
        let (url, folder) = (database.url().to_owned(), database.folder().to_owned());
        let started = tokio::task::spawn_blocking(move || Self::spawn(&url, &folder));
        started.await.unwrap()
    }

    fn spawn(url: &str, folder: &std::path::Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_partner-api"))
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
            )
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let base = lines
            .by_ref()
            .map(|line| line.expect("a line"))
            .find_map(|line| line.strip_prefix("listening on ").map(str::to_owned))
            .expect("the server says where it listens");
        // Read on, or a full pipe would stop the server.
        std::thread::spawn(move || lines.for_each(drop));
        let http = Http::new(&base);
        Self { child, base, http }
    }

    /// SIGKILL: no chance to say good-bye.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The same, unless it was killed before.
    pub(crate) fn kill_if_alive(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM, and the exit code.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        let asked = Command::new("kill")
            .arg("-TERM")
            .arg(self.child.id().to_string())
            .status()
            .unwrap();
        assert!(asked.success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
