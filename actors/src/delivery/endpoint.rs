//! The actor of one endpoint: it decides when each leased row is sent.
//!
//! Owns the configuration of the endpoint (URL, secrets, state) as last read, and the local queue of its leased rows.
//! It updates the circuit breaker. It spawns a limited number of concurrent sends and never awaits one. The lease
//! table bounds the number of rows that reach it. Rows that it cannot send return to the queue, and no attempt is
//! counted.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use entities::ids::{CreditorId, EndpointId};
use entities::webhook_endpoint::EndpointState;
use ractor::ActorProcessingErr;

use super::attempt;
use super::completed_lease::{AttemptOutcome, CompletedLease};
use super::endpoint_config::{Config, LoadError, read};
use super::handle::Delivery;
use super::messages::CompleterMsg;
use super::release::{complete, release};
use crate::domain::throttle::Throttle;
use crate::leases::{LeaseTable, LeasedDelivery, SENDS};
use crate::supervision::{Actor, ActorHandle, spawn_and_notify};

/// Messages of an [`Endpoint`].
#[derive(Debug)]
pub(crate) enum EndpointMsg {
    /// Send these leased rows.
    Deliver {
        /// At most as many as the endpoint has capacity for.
        rows: Vec<LeasedDelivery>,
    },
    /// The URL, secrets or state changed. Nothing more is sent with the old configuration.
    Changed,
    /// The configuration has been read.
    Loaded {
        /// Number of the read that this result belongs to; results of older reads are ignored.
        reading: u64,
        /// The configuration, or why it could not be read.
        config: Result<Box<Config>, LoadError>,
    },
    /// Send rows that the throttle held back. The actor sends this to itself.
    SendQueued,
    /// An attempt ended.
    Sent {
        /// The owner of the endpoint.
        creditor: CreditorId,
        /// The result of the attempt.
        tried: AttemptOutcome,
    },
    /// Release the rows that have not been sent yet.
    Release,
}

/// The actor of one endpoint.
pub(crate) struct Endpoint {
    endpoint: EndpointId,
    delivery: Arc<Delivery>,
    me: ActorHandle<EndpointMsg>,
    config: Option<Arc<Config>>,
    /// Number of the last read that was started.
    reading: u64,
    /// That read has not finished.
    loading: bool,
    /// Rows that wait for the configuration.
    waiting: Vec<LeasedDelivery>,
    /// Sends in progress.
    sends: u32,
    /// The local queue: rows to send, at most as many as the endpoint has capacity for.
    queue: VecDeque<LeasedDelivery>,
    /// The state of the throttle, if the endpoint has one.
    throttle: Option<Throttle>,
    /// An [`EndpointMsg::SendQueued`] is scheduled.
    send_scheduled: bool,
}

impl Actor for Endpoint {
    type Msg = EndpointMsg;

    /// Starts to read the configuration. The result arrives as a message, because the Dispatcher, which starts this
    /// actor, must not wait for the database.
    async fn pre_start(&mut self) -> Result<(), ActorProcessingErr> {
        self.load();
        Ok(())
    }

    async fn handle(&mut self, message: EndpointMsg) -> Result<(), ActorProcessingErr> {
        match message {
            EndpointMsg::Deliver { rows } => self.deliver(rows),
            EndpointMsg::Changed => self.load(),
            EndpointMsg::Loaded { reading, config } => self.loaded(reading, config),
            EndpointMsg::SendQueued => {
                self.send_scheduled = false;
                self.send_queued();
            }
            EndpointMsg::Sent { creditor, tried } => self.sent(creditor, tried),
            EndpointMsg::Release => self.release(),
        }
        Ok(())
    }
}

impl Endpoint {
    pub(super) fn new(
        endpoint: EndpointId,
        delivery: Arc<Delivery>,
        me: ActorHandle<EndpointMsg>,
    ) -> Self {
        Self {
            endpoint,
            delivery,
            me,
            config: None,
            reading: 0,
            loading: false,
            waiting: Vec::new(),
            sends: 0,
            queue: VecDeque::new(),
            throttle: None,
            send_scheduled: false,
        }
    }

    fn leases(&self) -> &LeaseTable {
        &self.delivery.leases
    }

    /// Reads the configuration again. Nothing is sent until it has been read.
    fn load(&mut self) {
        self.config = None;
        self.loading = true;
        self.reading += 1;
        let (delivery, endpoint, reading) =
            (Arc::clone(&self.delivery), self.endpoint, self.reading);
        let loaded = move |config| EndpointMsg::Loaded { reading, config };
        spawn_and_notify(&self.me, loaded(Err(LoadError::TaskFailed)), async move {
            loaded(read(&delivery, endpoint).await.map(Box::new))
        });
    }

    fn loaded(&mut self, reading: u64, config: Result<Box<Config>, LoadError>) {
        if reading != self.reading {
            return;
        }
        self.loading = false;
        // Rows in the local queue are older than rows that wait for the configuration.
        let mut rows: Vec<_> = self.queue.drain(..).collect();
        rows.append(&mut self.waiting);
        match config {
            Ok(config) => {
                let config: Arc<Config> = Arc::from(config);
                let nodes = self.delivery.cluster.membership.nodes().get();
                self.throttle = config.throttle.map(|rate| match self.throttle {
                    Some(throttle) => throttle.at_rate(rate, nodes),
                    None => Throttle::new(rate, nodes),
                });
                self.leases().throttle(self.endpoint, config.throttle);
                self.config = Some(Arc::clone(&config));
                self.send_as_read(config.state, rows);
            }
            Err(LoadError::NotFound) => self.cancel(rows),
            Err(error) => {
                tracing::error!(endpoint_id = %self.endpoint, %error, "the configuration of a webhook endpoint could not be read; its deliveries wait");
                self.release_and_cool_down(rows);
            }
        }
    }

    fn deliver(&mut self, rows: Vec<LeasedDelivery>) {
        let state = self.config.as_ref().map(|config| config.state);
        match state {
            Some(EndpointState::Enabled) => self.send(rows),
            // Rows are claimed for enabled endpoints only, so the configuration is out of date.
            _ => self.wait_for_config(rows),
        }
    }

    fn wait_for_config(&mut self, rows: Vec<LeasedDelivery>) {
        self.waiting.extend(rows);
        if !self.loading {
            self.load();
        }
    }

    fn send_as_read(&mut self, state: EndpointState, rows: Vec<LeasedDelivery>) {
        match state {
            EndpointState::Enabled => self.send(rows),
            EndpointState::Paused => release(&self.delivery.completer, rows),
            EndpointState::Disabled => self.cancel(rows),
        }
    }

    fn send(&mut self, rows: Vec<LeasedDelivery>) {
        self.queue.extend(rows);
        self.send_queued();
    }

    /// Sends rows from the local queue, within the limit on concurrent sends and the throttle. Releases all rows if
    /// nothing may be sent.
    fn send_queued(&mut self) {
        let Some(config) = self.config.clone() else {
            return; // `loaded` sends them
        };
        let (delivery, endpoint) = (Arc::clone(&self.delivery), self.endpoint);
        let now = delivery.env.clock.now();
        // The number of nodes may have changed, and they share the rate.
        let paced = self.throttle.zip(config.throttle);
        self.throttle = paced.map(|(throttle, rate)| {
            throttle.at_rate(rate, delivery.cluster.membership.nodes().get())
        });
        while !self.queue.is_empty() && self.sends < self.leases().sends(endpoint) {
            if let Some(Err(wait_us)) = self
                .throttle
                .as_mut()
                .map(|throttle| throttle.take(now.mono_us))
            {
                self.schedule_send(Duration::from_micros(wait_us.unsigned_abs()));
                return;
            }
            if !delivery.cluster.membership.may_send(now.mono_ms())
                || !self.leases().may_send(endpoint, now.mono_ms())
            {
                self.release();
                return;
            }
            if let Some(leased) = self.queue.pop_front() {
                self.spawn_send(Arc::clone(&config), leased);
            }
        }
    }

    fn schedule_send(&mut self, wait: Duration) {
        if !self.send_scheduled {
            self.send_scheduled = true;
            self.me.send_after(wait, EndpointMsg::SendQueued);
        }
    }

    fn spawn_send(&mut self, config: Arc<Config>, leased: LeasedDelivery) {
        self.sends += 1;
        let (delivery, creditor) = (Arc::clone(&self.delivery), leased.row.creditor);
        let sent = move |tried| EndpointMsg::Sent { creditor, tried };
        spawn_and_notify(&self.me, sent(AttemptOutcome::Unsent), async move {
            let (ended, tried) = attempt::run(&delivery, &config, leased).await;
            complete(&delivery.completer, ended).await;
            sent(tried)
        });
    }

    fn sent(&mut self, creditor: CreditorId, tried: AttemptOutcome) {
        self.sends = self.sends.saturating_sub(1);
        let now_ms = self.delivery.env.clock.mono_ms();
        match tried {
            AttemptOutcome::Sent(attempted) => {
                self.leases()
                    .record(self.endpoint, creditor, attempted, now_ms);
                self.trim_queue();
            }
            AttemptOutcome::PayloadErased => {}
            AttemptOutcome::Unsent => {
                self.leases().cool_down(self.endpoint, now_ms);
                self.release();
            }
        }
        self.send_queued();
    }

    /// Limits the local queue of a degraded endpoint to one round of concurrent sends.
    fn trim_queue(&mut self) {
        let sends = self.leases().sends(self.endpoint);
        let bears = usize::try_from(sends).unwrap_or(usize::MAX);
        if sends < SENDS && self.queue.len() > bears {
            let rows = self.queue.split_off(bears).into();
            release(&self.delivery.completer, rows);
        }
    }

    fn release(&mut self) {
        let mut rows = std::mem::take(&mut self.waiting);
        rows.extend(self.queue.drain(..));
        release(&self.delivery.completer, rows);
    }

    /// Releases rows and starts a cooldown, so that they are not claimed again immediately.
    fn release_and_cool_down(&self, rows: Vec<LeasedDelivery>) {
        self.leases()
            .cool_down(self.endpoint, self.delivery.env.clock.mono_ms());
        release(&self.delivery.completer, rows);
    }

    /// Cancels rows of a disabled or deleted endpoint and clears its health, which is no longer needed.
    fn cancel(&self, rows: Vec<LeasedDelivery>) {
        self.leases().reset_health(self.endpoint);
        if rows.is_empty() {
            return;
        }
        let ended = rows.into_iter().map(CompletedLease::cancelled).collect();
        let _ = self
            .delivery
            .completer
            .send(CompleterMsg::Complete { ended });
    }
}
