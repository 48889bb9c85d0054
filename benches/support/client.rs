//! A minimal HTTP/1.1 client, so that the load generator uses little CPU time on a two-core machine. The client of
//! `test_support` would measure itself.

use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// A keep-alive connection that sends one request at a time.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Offset of the body of the last response.
    body_at: usize,
}

/// The parsed head of a response.
struct Head {
    status: u16,
    body_at: usize,
    /// Length of head and body in bytes.
    length: usize,
}

impl Connection {
    /// Connects, from `source` if it is given. Loopback has 16 million addresses.
    pub(crate) async fn open(server: SocketAddr, source: Option<IpAddr>) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        if let Some(source) = source {
            socket.bind(SocketAddr::new(source, 0))?;
        }
        let stream = socket.connect(server).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(8 * 1024),
            body_at: 0,
        })
    }

    /// Sends a GET, reads the whole response and returns its status.
    pub(crate) async fn get(&mut self, path: &str, bearer: &str) -> io::Result<u16> {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {bearer}\r\n\r\n");
        self.stream.write_all(request.as_bytes()).await?;
        self.answer().await
    }

    /// Sends a POST with a JSON body and an idempotency key. Reads the whole response and returns its status.
    pub(crate) async fn post(
        &mut self,
        path: &str,
        bearer: &str,
        key: &str,
        json: &str,
    ) -> io::Result<u16> {
        let length = json.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {bearer}\r\nIdempotency-Key: {key}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{json}"
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.answer().await
    }

    /// Sends a PATCH with a JSON body. Reads the whole response and returns its status.
    pub(crate) async fn patch(&mut self, path: &str, bearer: &str, json: &str) -> io::Result<u16> {
        let length = json.len();
        let request = format!(
            "PATCH {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {bearer}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{json}"
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.answer().await
    }

    /// The body of the last response.
    pub(crate) fn body(&self) -> &[u8] {
        &self.buffer[self.body_at..]
    }

    async fn answer(&mut self) -> io::Result<u16> {
        self.buffer.clear();
        loop {
            if let Some(head) = parse(&self.buffer)?
                && self.buffer.len() >= head.length
            {
                self.body_at = head.body_at;
                return Ok(head.status);
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

/// Parses the head of a response. Returns `None` if it is incomplete.
fn parse(bytes: &[u8]) -> io::Result<Option<Head>> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let bad = || io::Error::from(io::ErrorKind::InvalidData);
    let head = std::str::from_utf8(&bytes[..end]).map_err(|_| bad())?;
    let status = head
        .get(9..12)
        .and_then(|text| text.parse().ok())
        .ok_or_else(bad)?;
    let body = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse::<usize>().ok())
        .unwrap_or(0);
    let body_at = end + 4;
    Ok(Some(Head {
        status,
        body_at,
        length: body_at + body,
    }))
}
