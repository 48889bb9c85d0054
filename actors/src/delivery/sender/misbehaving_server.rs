//! A test receiver that misbehaves on purpose, byte by byte, and helpers that send webhooks to it.

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

use super::client::{AttemptResponse, Post, Sender};
use crate::domain::retry::{FailureCause, Outcome};
use crate::infra::{Clock, HostLookup, Settings};
use crate::test_support::database::settings;

/// Delivery timeout for tests in which only the timeout ends the attempt.
pub(super) const SHORT_TIMEOUT: Duration = Duration::from_millis(300);
/// Delivery timeout for tests in which the attempt must end earlier, even on a busy machine.
pub(super) const LONG_TIMEOUT: Duration = Duration::from_secs(20);
/// How long after its timeout an attempt may end on a busy machine.
const SLACK: Duration = Duration::from_secs(10);
/// More bytes than the buffers of the system and the client hold of a response that is not read to its
/// end.
pub(super) const MAX_TAKEN: usize = 4 * 1_024 * 1_024;
/// Status line of a successful response.
pub(super) const OK: &str = "HTTP/1.1 200 OK\r\n";
/// Pause after each write of a [`Step::Drip`].
const DRIP: Duration = Duration::from_millis(50);
/// Size of the send buffer in bytes. It is smaller than the system's default, so that few unread bytes
/// count as written.
const SEND_BUFFER: u32 = 16 * 1_024;

/// One action of the server on a connection. After the last step the server closes the connection.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Reads until the predicate accepts the bytes read so far.
    Hear(fn(&[u8]) -> bool),
    /// Writes these bytes once.
    Say(Vec<u8>),
    /// Writes these bytes repeatedly, with a pause after each write.
    Drip(&'static [u8]),
    /// Writes these bytes repeatedly, as fast as the client reads them.
    Flood(Vec<u8>),
    /// Reads without writing until the client closes the connection.
    Hold,
    /// Neither reads nor writes, and never ends.
    Ignore,
    /// As the last step, closes the connection with a TCP reset.
    Reset,
}

/// Reads one complete request.
pub(super) const READ_REQUEST: Step = Step::Hear(whole_request);

/// Writes `text` once.
pub(super) fn say(text: &str) -> Step {
    Step::Say(text.as_bytes().to_vec())
}

/// Writes `text` repeatedly, in large pieces so that the server is not the bottleneck.
pub(super) fn flood(text: &str) -> Step {
    Step::Flood(text.repeat(4_096_usize.div_ceil(text.len())).into_bytes())
}

/// What the server has observed.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// Connections accepted so far.
    pub(super) came: usize,
    /// Connections open now.
    pub(super) open: usize,
    /// Bytes written to the system.
    pub(super) written: usize,
    /// Bytes read by the last [`Step::Hear`].
    pub(super) heard: Vec<u8>,
}

/// The server. It stops with the test's runtime.
pub(super) struct MisbehavingServer {
    pub(super) port: u16,
    seen: watch::Receiver<Seen>,
}

impl MisbehavingServer {
    /// Performs these steps on every connection.
    pub(super) fn start(steps: Vec<Step>) -> Self {
        Self::listen(steps, None)
    }

    /// Performs these steps on every connection, after a TLS handshake.
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

    /// Waits until no connection is open. Fails the test if one stays open.
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
                let received = read_until(stream, enough).await?;
                seeing.send_modify(|seen| seen.heard = received);
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
                read_until(stream, &|_: &[u8]| false).await?;
            }
            Step::Ignore => std::future::pending().await,
            Step::Reset => {}
        }
    }
    Ok(())
}

/// Reads until `enough` accepts the bytes or the client stops sending.
async fn read_until(
    stream: &mut (impl AsyncRead + Unpin),
    enough: &impl Fn(&[u8]) -> bool,
) -> io::Result<Vec<u8>> {
    let mut received = Vec::new();
    while !enough(&received) && stream.read_buf(&mut received).await? > 0 {}
    Ok(received)
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

fn whole_request(received: &[u8]) -> bool {
    let text = String::from_utf8_lossy(received);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

/// A webhook request to `url`.
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

/// Sandbox settings with this delivery timeout.
pub(super) fn settings_with(timeout: Duration) -> Settings {
    let mut settings = settings("sqlite::memory:");
    settings.delivery_timeout = timeout;
    settings
}

/// A sender built in the same way as in the service.
pub(super) fn sender(timeout: Duration) -> Sender {
    Sender::new(
        &settings_with(timeout),
        &Clock::system(),
        HostLookup::new(&[]).unwrap(),
        &Counter::default(),
    )
    .unwrap()
}

/// Sends one request and checks what holds for every attempt: it ends within its timeout, it has an
/// error text unless it was delivered, and its texts are printable.
pub(super) async fn attempt(sender: &Sender, post: Post, what: &str) -> AttemptResponse {
    let finished = tokio::time::timeout(sender.timeout + SLACK, sender.post(post)).await;
    let answer = finished
        .unwrap_or_else(|_| panic!("{what}: the attempt continues after its timeout"))
        .unwrap();
    let delivered = answer.outcome == Outcome::Delivered;
    assert_eq!(answer.error.is_none(), delivered, "{what}: {answer:?}");
    for text in [&answer.error, &answer.excerpt].into_iter().flatten() {
        assert!(!text.is_empty(), "{what}");
        assert!(!text.chars().any(char::is_control), "{what}: {text:?}");
    }
    answer
}

/// Returns the cause of the failure. Any other outcome fails the test.
pub(super) fn cause(answer: &AttemptResponse, what: &str) -> FailureCause {
    match answer.outcome {
        Outcome::Failed { cause } => cause,
        other => panic!("{what}: {other:?}"),
    }
}

/// Makes one attempt to a server that reads the request and then performs these steps. Also returns the
/// number of bytes that the server wrote.
pub(super) async fn at(
    name: &str,
    steps: Vec<Step>,
    timeout: Duration,
) -> (AttemptResponse, usize) {
    let server = MisbehavingServer::start([vec![READ_REQUEST], steps].concat());
    let sender = sender(timeout);
    let answer = attempt(&sender, post(&server.url()), name).await;
    let seen = server.left_alone(name).await;
    assert_eq!(seen.came, 1, "{name}: one connection");
    (answer, seen.written)
}
