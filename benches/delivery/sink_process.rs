//! The process of the receiver: a minimal HTTP/1.1 server, so that it uses little CPU time on a two-core machine. It
//! counts webhooks where the receiver of `test_support` keeps them.
//!
//! `/hook…` is answered immediately, `/slow…` after ten seconds, `/hang…` never. `GET /report` and `GET /arrivals`
//! return the counters. The process ends when its parent ends.

use std::io::Read as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::sink_counters::Counters;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const SLOW: Duration = Duration::from_secs(10);
/// Larger than any request head and webhook together.
const BUFFER: usize = 16 * 1_024;

type Shared = Arc<Mutex<Counters>>;

/// Serves until the parent ends. The first line of stdout is the address.
pub(crate) async fn run(timing: bool) {
    end_with_parent();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("{}", listener.local_addr().expect("an address"));
    let counters = Arc::new(Mutex::new(Counters::new(timing)));
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        // A disconnect of the sender is not an error.
        tokio::spawn(serve(stream, Arc::clone(&counters)));
    }
}

/// Exits when stdin closes, because the parent holds its other end.
fn end_with_parent() {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
}

fn locked(counters: &Shared) -> MutexGuard<'_, Counters> {
    counters.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(mut stream: TcpStream, counters: Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(BUFFER);
    loop {
        while let Some(request) = Request::read(&buffer) {
            let length = request.length;
            answer(&mut stream, &counters, &request).await?;
            buffer.drain(..length);
        }
        if stream.read_buf(&mut buffer).await? == 0 {
            return Ok(());
        }
    }
}

async fn answer(
    stream: &mut TcpStream,
    counters: &Shared,
    request: &Request<'_>,
) -> std::io::Result<()> {
    match request.path {
        "/report" => {
            let report = serde_json::to_string(&locked(counters).report());
            return respond_json(stream, &report.expect("JSON")).await;
        }
        "/arrivals" => {
            let arrivals = serde_json::to_string(&locked(counters).take_arrivals());
            return respond_json(stream, &arrivals.expect("JSON")).await;
        }
        path if path.starts_with("/hang") => {
            locked(counters).hung();
            return std::future::pending().await;
        }
        path if path.starts_with("/slow") => {
            locked(counters).slow();
            tokio::time::sleep(SLOW).await;
        }
        _ => locked(counters).arrived(request.webhook_id, request.body),
    }
    stream.write_all(OK).await
}

async fn respond_json(stream: &mut TcpStream, json: &str) -> std::io::Result<()> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", json.len());
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(json.as_bytes()).await
}

/// A complete request.
struct Request<'a> {
    path: &'a str,
    webhook_id: &'a str,
    body: &'a [u8],
    /// Length of head and body in bytes.
    length: usize,
}

impl<'a> Request<'a> {
    /// Parses the request at the start of `bytes`. Returns `None` if it is incomplete.
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&bytes[..end]).ok()?;
        let mut lines = head.split("\r\n");
        let path = lines.next()?.split(' ').nth(1)?;
        let (mut webhook_id, mut body) = ("", 0);
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            if name.eq_ignore_ascii_case("content-length") {
                body = value.parse().ok()?;
            } else if name.eq_ignore_ascii_case("webhook-id") {
                webhook_id = value;
            }
        }
        let length = end + 4 + body;
        Some(Self {
            path,
            webhook_id,
            body: bytes.get(end + 4..length)?,
            length,
        })
    }
}
