//! Finds or starts the Postgres server of the tests.
//!
//! The order is `TEST_DATABASE_URL`, a container, a private server from the Postgres binaries of
//! this machine. If none is available, a notice is printed to stderr. Under `CI=true` only a
//! container is allowed.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use sea_orm::ConnectionTrait as _;
use testcontainers::core::{ContainerPort, WaitFor};
use testcontainers::runners::SyncRunner as _;
use testcontainers::{Container, GenericImage, ImageExt as _};

use super::TestDatabase;

const PASSWORD: &str = "postgres";
const READY_WITHIN: Duration = Duration::from_secs(60);

/// The Postgres server of this test run.
struct Server {
    /// URL of the database `postgres`, as a superuser.
    admin_url: String,
    _kept: Kept,
}

/// What must live as long as the server is used. A watcher process removes it when this process
/// ends, because statics are never dropped.
enum Kept {
    Nothing,
    Container(#[allow(dead_code)] Box<Container<GenericImage>>),
    Private(#[allow(dead_code)] Child),
}

static SERVER: OnceLock<Option<Server>> = OnceLock::new();

/// Creates a database on the server of this test run. Returns `None` if there is no server.
pub(crate) async fn database() -> Option<TestDatabase> {
    Some(TestDatabase::postgres(&admin_url().await?).await)
}

async fn admin_url() -> Option<String> {
    let found = tokio::task::spawn_blocking(|| {
        SERVER
            .get_or_init(find)
            .as_ref()
            .map(|server| server.admin_url.clone())
    });
    found.await.unwrap()
}

/// Writes to stderr directly. The test runner would capture `eprintln!`, and this notice must be visible.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Starts a server for one test, which may crash it. It ends with this process at the latest.
pub(crate) async fn dedicated() -> Option<Dedicated> {
    let found = tokio::task::spawn_blocking(|| in_container().ok().or_else(private));
    let server = found.await.unwrap();
    if server.is_none() {
        say(
            "*** NOT RUN: the database crash test needs a dedicated server, from Docker or local binaries ***",
        );
    }
    server.map(|server| Dedicated { server })
}

/// A server that [`dedicated`] has started.
pub(crate) struct Dedicated {
    server: Server,
}

impl Dedicated {
    /// Stops the server on a blocking thread, because the drop of a container blocks.
    pub(crate) async fn end(self) {
        let _ = tokio::task::spawn_blocking(move || drop(self)).await;
    }
}

impl Dedicated {
    /// The database of the server. It is removed together with it.
    pub(crate) fn database(&self) -> TestDatabase {
        TestDatabase::existing(&self.server.admin_url)
    }

    /// Kills the WAL writer. The server then ends all its processes and recovers from its log, as
    /// after a power failure.
    pub(crate) async fn crash(&self) {
        let Ok(db) = sea_orm::Database::connect(&self.server.admin_url).await else {
            return;
        };
        let kill = "DO $$ DECLARE victim int; BEGIN \
                    SELECT pid INTO victim FROM pg_stat_activity WHERE backend_type = 'walwriter'; \
                    EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', 'kill -9 ' || victim); END $$";
        let _ = db.execute_unprepared(kill).await;
    }
}

fn find() -> Option<Server> {
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    if let Ok(url) = std::env::var("TEST_DATABASE_URL") {
        assert!(
            !ci,
            "under CI the Postgres suite runs on testcontainers, not on TEST_DATABASE_URL"
        );
        say("postgres suite: TEST_DATABASE_URL");
        return Some(Server {
            admin_url: url,
            _kept: Kept::Nothing,
        });
    }
    match in_container() {
        Ok(server) => return Some(server),
        Err(error) => assert!(
            !ci,
            "under CI the Postgres suite runs on testcontainers: {error}"
        ),
    }
    if let Some(server) = private() {
        return Some(server);
    }
    say(
        "\n*** THE POSTGRES SUITE WAS NOT RUN: no TEST_DATABASE_URL, no Docker, no Postgres binaries ***\n",
    );
    None
}

fn in_container() -> Result<Server, String> {
    let image = GenericImage::new("postgres", "15")
        .with_exposed_port(ContainerPort::Tcp(5432))
        .with_wait_for(WaitFor::message_on_stdout(
            "database system is ready to accept connections",
        ))
        .with_env_var("POSTGRES_PASSWORD", PASSWORD);
    let container = image.start().map_err(|error| error.to_string())?;
    let port = container
        .get_host_port_ipv4(5432)
        .map_err(|error| error.to_string())?;
    watch(&format!("docker rm -f {}", container.id()));
    let admin_url = format!("postgres://postgres:{PASSWORD}@127.0.0.1:{port}/postgres");
    await_ready(&admin_url)?;
    say("postgres suite: testcontainers");
    Ok(Server {
        admin_url,
        _kept: Kept::Container(Box::new(container)),
    })
}

/// Starts a private server in a temporary folder, as user `nobody` if this process runs as root.
fn private() -> Option<Server> {
    let binaries = binaries()?;
    let folder = tempfile::Builder::new()
        .prefix("partner-api-pg")
        .tempdir()
        .ok()?
        .keep();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .ok()?
        .local_addr()
        .ok()?
        .port();
    let root = std::fs::metadata("/proc/self")
        .is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0);
    let data = folder.join("data");
    if root {
        Command::new("chown")
            .arg("nobody")
            .arg(&folder)
            .status()
            .ok()?;
    }
    let run = |program: &str| {
        let path = binaries.join(program);
        if !root {
            return Command::new(path);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid=nobody", "--clear-groups"]).arg(path);
        command
    };
    let made = run("initdb")
        .args(["-A", "trust", "-U", "postgres", "--locale=C", "-D"])
        .arg(&data)
        .stdout(Stdio::null())
        .status();
    made.ok().filter(std::process::ExitStatus::success)?;
    let server = run("postgres")
        .arg("-D")
        .arg(&data)
        .args([
            "-p",
            &port.to_string(),
            "-c",
            "listen_addresses=127.0.0.1",
            "-k",
        ])
        .arg(&folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    watch(&format!(
        "kill -INT {}; sleep 2; rm -rf {}",
        server.id(),
        folder.display()
    ));
    let admin_url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
    await_ready(&admin_url).ok()?;
    say(&format!(
        "postgres suite: a private server from {}",
        binaries.display()
    ));
    Some(Server {
        admin_url,
        _kept: Kept::Private(server),
    })
}

fn binaries() -> Option<PathBuf> {
    let versioned = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut found: Vec<PathBuf> = versioned.map(|entry| entry.path().join("bin")).collect();
    found.sort();
    let mut candidates = found
        .into_iter()
        .rev()
        .chain(["/usr/local/pgsql/bin".into(), "/usr/bin".into()]);
    candidates
        .find(|folder: &PathBuf| folder.join("initdb").exists() && folder.join("postgres").exists())
}

/// Runs `command` after this process has ended, even if it was killed.
fn watch(command: &str) {
    let script = format!(
        "while kill -0 {} 2>/dev/null; do sleep 0.5; done; {command}",
        std::process::id()
    );
    let watcher = Command::new("setsid")
        .args(["sh", "-c", &script])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .current_dir(Path::new("/"))
        .spawn();
    if let Err(error) = watcher {
        say(&format!(
            "cannot start the watcher that runs `{command}` after the tests: {error}"
        ));
    }
}

fn await_ready(url: &str) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let deadline = Instant::now() + READY_WITHIN;
    runtime.block_on(async {
        loop {
            match sea_orm::Database::connect(url).await {
                Ok(db) => return db.close().await.map_err(|error| error.to_string()),
                Err(error) if Instant::now() > deadline => return Err(error.to_string()),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    })
}
