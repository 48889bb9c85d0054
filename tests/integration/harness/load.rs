//! Concurrent callers that create placements, each under an idempotency key.
//!
//! A caller retries with the same key until it gets a 201, as a client does while servers crash and
//! restart.

use std::collections::HashSet;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::account::invoice;
use super::wait::TIMEOUT;
use super::{Http, Process};

const CALLERS: usize = 16;
/// Delay between two invoices of a caller. It limits the load on tests that run at the same time.
const PAUSE: Duration = Duration::from_millis(5);
/// How long a caller waits for a response before it retries, at the next server if there is one.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// Running callers.
pub(crate) struct Load {
    control: watch::Sender<Control>,
    callers: Vec<JoinHandle<Vec<String>>>,
}

/// The current servers, and whether to stop. Callers read it before each request.
struct Control {
    bases: Vec<String>,
    end: bool,
}

struct Caller {
    name: String,
    number: usize,
    key: Http,
    control: watch::Receiver<Control>,
}

impl Load {
    /// Starts the callers, which use `servers` in rotation. Invoice numbers begin with `name-`.
    pub(crate) fn start(name: &str, key: &Http, servers: &[&Process]) -> Self {
        let control = watch::Sender::new(Control {
            bases: bases(servers),
            end: false,
        });
        let callers = (0..CALLERS).map(|number| {
            let caller = Caller {
                name: name.to_owned(),
                number,
                key: key.clone(),
                control: control.subscribe(),
            };
            tokio::spawn(caller.run())
        });
        Self {
            callers: callers.collect(),
            control,
        }
    }

    /// Sets the servers of all later requests.
    pub(crate) fn at(&self, servers: &[&Process]) {
        self.control
            .send_modify(|control| control.bases = bases(servers));
    }

    /// Stops the callers after their current invoice. Returns all accepted invoice numbers, which
    /// are all invoice numbers that were ever sent.
    pub(crate) async fn end(self) -> HashSet<String> {
        self.control.send_modify(|control| control.end = true);
        let mut accepted = HashSet::new();
        for caller in self.callers {
            let placed = tokio::time::timeout(TIMEOUT, caller).await;
            accepted.extend(
                placed
                    .expect("every caller gets its last response")
                    .unwrap(),
            );
        }
        accepted
    }
}

fn bases(servers: &[&Process]) -> Vec<String> {
    servers.iter().map(|server| server.base.clone()).collect()
}

impl Caller {
    async fn run(self) -> Vec<String> {
        let mut accepted = Vec::new();
        while !self.control.borrow().end {
            let number = format!("{}-{}-{}", self.name, self.number, accepted.len());
            let mut turn = self.number + accepted.len();
            while !self.place(&number, turn).await {
                turn += 1;
                tokio::time::sleep(PAUSE).await;
            }
            accepted.push(number);
            tokio::time::sleep(PAUSE).await;
        }
        accepted
    }

    /// Sends one request. Returns whether the placement was created.
    async fn place(&self, number: &str, turn: usize) -> bool {
        let key = {
            let control = self.control.borrow();
            self.key.at(&control.bases[turn % control.bases.len()])
        };
        let asked = key.try_post_keyed("/v1/placements", invoice(number), number);
        let Ok(Some(answer)) = tokio::time::timeout(ANSWER_WITHIN, asked).await else {
            return false; // the connection failed or timed out
        };
        match answer.status {
            201 => true,
            503 => false,
            409 if answer.code() == "idempotency_in_progress" => false,
            status => panic!("{number} got {status}: {}", answer.body),
        }
    }
}
