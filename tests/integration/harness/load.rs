//! Callers that place invoices without pause, each under an idempotency key, and who ask again with
//! the same key until they are told yes: what a client does while servers die and come back.

use std::collections::HashSet;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::account::invoice;
use super::wait::TIMEOUT;
use super::{Http, Process};

const CALLERS: usize = 16;
/// From one invoice of a caller to its next: a load, and no flood that drowns the other tests.
const PAUSE: Duration = Duration::from_millis(5);
/// How long a caller waits for an answer before it asks again, elsewhere if there is an elsewhere.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// Callers at work.
pub(crate) struct Load {
    orders: watch::Sender<Orders>,
    callers: Vec<JoinHandle<Vec<String>>>,
}

/// What every caller looks at before it asks.
struct Orders {
    bases: Vec<String>,
    end: bool,
}

struct Caller {
    name: String,
    number: usize,
    key: Http,
    orders: watch::Receiver<Orders>,
}

impl Load {
    /// Starts them, at these servers in turn. Their invoices are numbered `name-…`.
    pub(crate) fn start(name: &str, key: &Http, servers: &[&Process]) -> Self {
        let orders = watch::Sender::new(Orders {
            bases: bases(servers),
            end: false,
        });
        let callers = (0..CALLERS).map(|number| {
            let caller = Caller {
                name: name.to_owned(),
                number,
                key: key.clone(),
                orders: orders.subscribe(),
            };
            tokio::spawn(caller.work())
        });
        Self {
            callers: callers.collect(),
            orders,
        }
    }

    /// From now on the service is there.
    pub(crate) fn at(&self, servers: &[&Process]) {
        self.orders
            .send_modify(|orders| orders.bases = bases(servers));
    }

    /// Lets every caller get its last answer. Answers with the invoices that were accepted, which
    /// are all that were ever asked for.
    pub(crate) async fn end(self) -> HashSet<String> {
        self.orders.send_modify(|orders| orders.end = true);
        let mut accepted = HashSet::new();
        for caller in self.callers {
            let placed = tokio::time::timeout(TIMEOUT, caller).await;
            accepted.extend(placed.expect("everybody is answered in the end").unwrap());
        }
        accepted
    }
}

fn bases(servers: &[&Process]) -> Vec<String> {
    servers.iter().map(|server| server.base.clone()).collect()
}

impl Caller {
    async fn work(self) -> Vec<String> {
        let mut accepted = Vec::new();
        while !self.orders.borrow().end {
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

    /// Asks once; answers whether it was told yes.
    async fn place(&self, number: &str, turn: usize) -> bool {
        let key = {
            let orders = self.orders.borrow();
            self.key.at(&orders.bases[turn % orders.bases.len()])
        };
        let asked = key.try_post_keyed("/v1/placements", invoice(number), number);
        let Ok(Some(answer)) = tokio::time::timeout(ANSWER_WITHIN, asked).await else {
            return false; // nobody there, or nobody who answers
        };
        match answer.status {
            201 => true,
            503 => false,
            409 if answer.code() == "idempotency_in_progress" => false,
            status => panic!("{number} was told {status}: {}", answer.body),
        }
    }
}
