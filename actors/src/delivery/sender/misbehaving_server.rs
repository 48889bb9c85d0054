//! A receiver that misbehaves on purpose, byte by byte, and how the tests call it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use bytes::Bytes;
use http::HeaderMap;
use prometheus_client::metrics::counter::Counter;

use super::client::{Answer, Post, Sender};
use crate::domain::retry::{FailureCause, Outcome};
use crate::infra::{Clock, Settings};
use crate::test_support::bench::settings;

/// For what ends only with the timeout.
pub(super) const SHORT: Duration = Duration::from_millis(300);
/// For what must end by itself, on a machine however busy.
pub(super) const PATIENT: Duration = Duration::from_secs(20);
/// How much later than its timeout an attempt may be seen to end on a busy machine.
const SLACK: Duration = Duration::from_secs(10);
/// More than the systems' and the client's buffers hold of an answer that nobody reads to its end.
pub(super) const MAX_TAKEN: usize = 4 * 1_024 * 1_024;
/// How a good answer begins.
pub(super) const OK: &str = "HTTP/1.1 200 OK\r\n";
/// Between two bytes of a drip.
const DRIP: Duration = Duration::from_millis(50);
/// Less than the system would give, so that little of what nobody reads counts as written.
const SEND_BUFFER: u32 = 16 * 1_024;

/// One thing that a receiver does with a connection. After the last one it closes.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Reads until this much is there.
    Hear(fn(&[u8]) -> bool),
    /// Writes these bytes.
    Say(Vec<u8>),
    /// Writes these bytes again and again, with a pause after each time.
    Drip(&'static [u8]),
    /// Writes these bytes again and again, as fast as they are taken.
    Flood(Vec<u8>),
    /// Reads, and says nothing, until the caller hangs up.
    Hold,
    /// Neither reads nor writes for ever.
    Ignore,
    /// Closes with a reset, where a close would follow.
    Reset,
}

/// Reads one whole request.
pub(super) const HEAR: Step = Step::Hear(whole_request);

/// Writes `text`.
pub(super) fn say(text: &str) -> Step {
    Step::Say(text.as_bytes().to_vec())
}

/// Writes `text` again and again; in large pieces, so that the receiver is not what is slow.
pub(super) fn flood(text: &str) -> Step {
    Step::Flood(text.repeat(4_096_usize.div_ceil(text.len())).into_bytes())
}

/// What a receiver has seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// Connections so far.
    pub(super) came: usize,
    /// Connections now.
    pub(super) open: usize,
    /// Bytes that the system has taken from it.
    pub(super) written: usize,
    /// Bytes of the last thing that it heard.
    pub(super) heard: Vec<u8>,
}

/// The server; it ends with the test's runtime.
pub(super) struct MisbehavingServer {
    pub(super) port: u16,
    seen: watch::Receiver<Seen>,
}

impl MisbehavingServer {
    /// Does these steps on every connection.
    pub(super) fn start(steps: Vec<Step>) -> Self {
        Self::listen(steps, None)
    }

    /// The same behind a TLS handshake.
    pub(super) fn start_tls(steps: Vec<Step>, acceptor: TlsAcceptor) -> Self {
        Self::listen(steps, Some(acceptor))
    }

    fn listen(steps: Vec<Step>, acceptor: Option<TlsAcceptor>) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_send_buffer_size(SEND_BUFFER).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(64).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (seeing, seen) = watch::channel(Seen::default());
        let (steps, seeing): (Arc<[Step]>, _) = (steps.into(), Arc::new(seeing));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (steps, seeing) = (Arc::clone(&steps), Arc::clone(&seeing));
                tokio::spawn(connection(stream, acceptor.clone(), steps, seeing));
            }
        });
        Self { port, seen }
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    pub(super) fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    /// Waits until nobody is connected any more; fails the test if somebody stays.
    pub(super) async fn left_alone(&self, what: &str) -> Seen {
        let mut seen = self.seen.clone();
        let left = seen.wait_for(|seen| seen.open == 0);
        let left = tokio::time::timeout(SLACK, left).await;
        left.unwrap_or_else(|_| panic!("{what}: the connection stays open"))
            .unwrap()
            .clone()
    }
}

async fn connection(
    mut stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    steps: Arc<[Step]>,
    seeing: Arc<watch::Sender<Seen>>,
) {
    seeing.send_modify(|seen| {
        seen.came += 1;
        seen.open += 1;
    });
    match acceptor {
        None => {
            let _ = perform(&mut stream, &steps, &seeing).await;
            if matches!(steps.last(), Some(Step::Reset)) {
                stream.set_zero_linger().unwrap();
            }
            drop(stream);
        }
        Some(acceptor) => {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let _ = perform(&mut stream, &steps, &seeing).await;
            }
        }
    }
    seeing.send_modify(|seen| seen.open -= 1);
}

async fn perform(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    steps: &[Step],
    seeing: &watch::Sender<Seen>,
) -> io::Result<()> {
    for step in steps {
        match step {
            Step::Hear(enough) => {
                let heard = read_response(stream, enough).await?;
                seeing.send_modify(|seen| seen.heard = heard);
            }
            Step::Say(bytes) => write(stream, bytes, seeing).await?,
            Step::Drip(bytes) => loop {
                write(stream, bytes, seeing).await?;
                tokio::time::sleep(DRIP).await;
            },
            Step::Flood(bytes) => loop {
                write(stream, bytes, seeing).await?;
            },
            Step::Hold => {
                read_response(stream, &|_: &[u8]| false).await?;
            }
            Step::Ignore => std::future::pending().await,
            Step::Reset => {}
        }
    }
    Ok(())
}

/// What comes until it is enough, or until nothing comes any more.
async fn read_response(
    stream: &mut (impl AsyncRead + Unpin),
    enough: &impl Fn(&[u8]) -> bool,
) -> io::Result<Vec<u8>> {
    let mut heard = Vec::new();
    while !enough(&heard) && stream.read_buf(&mut heard).await? > 0 {}
    Ok(heard)
}

async fn write(
    stream: &mut (impl AsyncWrite + Unpin),
    bytes: &[u8],
    seeing: &watch::Sender<Seen>,
) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await?;
    seeing.send_modify(|seen| seen.written += bytes.len());
    Ok(())
}

fn whole_request(heard: &[u8]) -> bool {
    let text = String::from_utf8_lossy(heard);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

/// A webhook for `url`.
pub(super) fn post(url: &str) -> Post {
    Post {
        url: url.parse().unwrap(),
        id: "msg_1".to_owned(),
        timestamp_s: 1,
        signature: "v1,x".to_owned(),
        traceparent: String::new(),
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"{}"),
    }
}

/// The settings of a sandbox with this delivery timeout.
pub(super) fn settings_with(timeout: Duration) -> Settings {
    let mut settings = settings("sqlite::memory:");
    settings.delivery_timeout = timeout;
    settings
}

/// The sender as the service makes it.
pub(super) fn sender(timeout: Duration) -> Sender {
    Sender::new(
        &settings_with(timeout),
        &Clock::system(),
        Counter::default(),
    )
    .unwrap()
}

/// Sends, and checks what holds of every attempt, however the receiver behaves: it ends within its
/// timeout, its cause is told, and what is told can be shown.
pub(super) async fn attempt(sender: &Sender, post: Post, what: &str) -> Answer {
    let ended = tokio::time::timeout(sender.timeout + SLACK, sender.post(post)).await;
    let answer = ended
        .unwrap_or_else(|_| panic!("{what}: the attempt goes on after its timeout"))
        .unwrap();
    let delivered = answer.outcome == Outcome::Delivered;
    assert_eq!(answer.error.is_none(), delivered, "{what}: {answer:?}");
    for text in [&answer.error, &answer.excerpt].into_iter().flatten() {
        assert!(!text.is_empty(), "{what}");
        assert!(!text.chars().any(char::is_control), "{what}: {text:?}");
    }
    answer
}

/// Why it failed; anything else fails the test.
pub(super) fn cause(answer: &Answer, what: &str) -> FailureCause {
    match answer.outcome {
        Outcome::Failed { cause } => cause,
        other => panic!("{what}: {other:?}"),
    }
}

/// One attempt at a receiver that hears the request and then does this. Answers also how many bytes
/// were taken from it.
pub(super) async fn at(name: &str, steps: Vec<Step>, timeout: Duration) -> (Answer, usize) {
    let rogue = MisbehavingServer::start([vec![HEAR], steps].concat());
    let sender = sender(timeout);
    let answer = attempt(&sender, post(&rogue.url()), name).await;
    let seen = rogue.left_alone(name).await;
    assert_eq!(seen.came, 1, "{name}: one connection");
    (answer, seen.written)
}
