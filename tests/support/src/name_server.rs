//! A name server on loopback that knows its answers by the name: `dead-…` gets none, `missing-…` does not exist, and
//! every other name is 127.0.0.1.

#![expect(clippy::unwrap_used, reason = "without its name server, a test fails")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// RFC 1035, section 4.1.1.
const HEADER: usize = 12;
const TYPE_A: [u8; 2] = [0, 1];

/// Answers questions over UDP until it is dropped.
#[derive(Debug)]
pub struct NameServer {
    address: SocketAddr,
    questions: Arc<AtomicUsize>,
    serving: JoinHandle<()>,
}

impl NameServer {
    /// Starts on a free port.
    pub async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let questions = Arc::new(AtomicUsize::new(0));
        let asked = Arc::clone(&questions);
        let serving = tokio::spawn(async move {
            let mut question = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut question).await {
                asked.fetch_add(1, Ordering::SeqCst);
                if let Some(answer) = answer(&question[..length]) {
                    let _ = socket.send_to(&answer, from).await;
                }
            }
        });
        Self {
            address,
            questions,
            serving,
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many questions it got.
    #[must_use]
    pub fn questions(&self) -> usize {
        self.questions.load(Ordering::SeqCst)
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The response to a question with one name.
fn answer(question: &[u8]) -> Option<Vec<u8>> {
    let name = question.get(HEADER..)?;
    let name_length = name.iter().position(|byte| *byte == 0)? + 1;
    let first_label = name.get(1..=usize::from(*name.first()?))?;
    if first_label.starts_with(b"dead-") {
        return None;
    }
    let is_missing = first_label.starts_with(b"missing-");
    let question_end = HEADER + name_length + 4;
    let asks_for_a = question.get(HEADER + name_length..question_end)?[..2] == TYPE_A;
    let has_answer = asks_for_a && !is_missing;
    let mut answer = question[..2].to_vec();
    answer.extend([0x81, 0x80 | if is_missing { 3 } else { 0 }]);
    answer.extend([0, 1, 0, u8::from(has_answer), 0, 0, 0, 0]);
    answer.extend(&question[HEADER..question_end]);
    if has_answer {
        answer.extend([0xC0, 0x0C, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    }
    Some(answer)
}
