//! One receiver: what it is sent with, and whether it is sent to now.
//!
//! Owns the endpoint's URL, secrets and state as last read, and moves its circuit breaker. Spawns
//! sends and never awaits one, a few at a time. How many rows reach it is bounded by the credits of
//! the leases. Rows that it cannot send go back to the queue, without an attempt spent.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use entities::ids::{CreditorId, EndpointId};
use entities::webhook_endpoint::EndpointState;
use ractor::{Actor, ActorProcessingErr, ActorRef};

use super::attempt;
use super::completed_lease::{AttemptOutcome, CompletedLease};
use super::endpoint_config::{Config, LoadError, read};
use super::handle::Delivery;
use super::messages::CompleterMsg;
use super::release::{complete, release};
use crate::domain::throttle::Throttle;
use crate::leases::{LeaseTable, LeasedDelivery, SENDS};
use crate::supervision::{ActorHandle, spawn_and_notify};

/// Messages of an [`Endpoint`].
#[derive(Debug)]
pub(crate) enum EndpointMsg {
    /// LeasedDelivery rows to send now.
    Deliver {
        /// Never more than the endpoint has credit for.
        rows: Vec<LeasedDelivery>,
    },
    /// Its URL, secrets or state changed: nothing more is sent with the old ones.
    Changed,
    /// It has been read.
    Loaded {
        /// Of which reading this is the answer; an older one is ignored.
        reading: u64,
        /// What was read.
        config: Result<Box<Config>, LoadError>,
    },
    /// Send on what the throttle held back. Sent to itself.
    Paced,
    /// An attempt ended.
    Sent {
        /// Whose the endpoint is.
        creditor: CreditorId,
        /// What became of it.
        tried: AttemptOutcome,
    },
    /// Give back what has not been sent yet.
    Release,
    /// Panics.
    #[cfg(feature = "fault-injection")]
    Panic,
}

/// What an [`Endpoint`] starts with.
pub(crate) struct EndpointArgs {
    pub(super) endpoint: EndpointId,
    pub(super) delivery: Arc<Delivery>,
    pub(super) leases: Arc<LeaseTable>,
    pub(super) me: ActorHandle<EndpointMsg>,
}

/// The state of an [`Endpoint`].
pub(crate) struct EndpointState_ {
    args: EndpointArgs,
    config: Option<Arc<Config>>,
    /// Number of the last reading that was begun, and whether its answer is still to come.
    reading: u64,
    loading: bool,
    /// Rows that wait for it.
    waiting: Vec<LeasedDelivery>,
    /// Sends that have not ended.
    sends: u32,
    /// Rows whose turn has not come, never more than the endpoint has credit for.
    queue: VecDeque<LeasedDelivery>,
    /// What the throttle says, if there is one.
    throttle: Option<Throttle>,
    /// A [`EndpointMsg::Paced`] is on its way.
    pace_timer: bool,
}

/// The actor of one endpoint.
pub(crate) struct Endpoint;

impl Actor for Endpoint {
    type Msg = EndpointMsg;
    type State = EndpointState_;
    type Arguments = EndpointArgs;

    /// Begins to read the endpoint. The answer comes as a message, because whoever starts an
    /// endpoint, the Dispatcher, must not wait for the database.
    async fn pre_start(
        &self,
        _myself: ActorRef<Self::Msg>,
        args: Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        let mut state = EndpointState_ {
            args,
            config: None,
            reading: 0,
            loading: false,
            waiting: Vec::new(),
            sends: 0,
            queue: VecDeque::new(),
            throttle: None,
            pace_timer: false,
        };
        state.load();
        Ok(state)
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            EndpointMsg::Deliver { rows } => state.deliver(rows),
            EndpointMsg::Changed => state.load(),
            EndpointMsg::Loaded { reading, config } => state.loaded(reading, config),
            EndpointMsg::Paced => {
                state.pace_timer = false;
                state.send_on();
            }
            EndpointMsg::Sent { creditor, tried } => state.sent(creditor, tried),
            EndpointMsg::Release => state.release(),
            #[cfg(feature = "fault-injection")]
            #[allow(clippy::panic)]
            EndpointMsg::Panic => panic!("injected into an Endpoint"),
        }
        Ok(())
    }
}

impl EndpointState_ {
    /// Reads the endpoint again; until it is read nothing is sent.
    fn load(&mut self) {
        self.config = None;
        self.loading = true;
        self.reading += 1;
        let (delivery, endpoint, reading) = (
            Arc::clone(&self.args.delivery),
            self.args.endpoint,
            self.reading,
        );
        let died = EndpointMsg::Loaded {
            reading,
            config: Err(LoadError::Died),
        };
        spawn_and_notify(&self.args.me, died, async move {
            EndpointMsg::Loaded {
                reading,
                config: read(&delivery, endpoint).await.map(Box::new),
            }
        });
    }

    fn loaded(&mut self, reading: u64, config: Result<Box<Config>, LoadError>) {
        if reading != self.reading {
            return;
        }
        self.loading = false;
        // Those that wait for their turn came before those that wait for this.
        let mut rows: Vec<_> = self.queue.drain(..).collect();
        rows.append(&mut self.waiting);
        match config {
            Ok(config) => {
                let config: Arc<Config> = Arc::from(config);
                let nodes = self.args.delivery.cluster.membership.nodes();
                self.throttle = config.throttle.map(|rate| match self.throttle {
                    Some(throttle) => throttle.at_rate(rate, nodes),
                    None => Throttle::new(rate, nodes),
                });
                self.args
                    .leases
                    .throttle(self.args.endpoint, config.throttle);
                self.config = Some(Arc::clone(&config));
                self.send_as_read(config.state, rows);
            }
            Err(LoadError::ReceiverGone) => self.cancel(rows),
            Err(error) => {
                tracing::error!(endpoint = %self.args.endpoint, %error, "cannot send to an endpoint");
                self.rest(rows);
            }
        }
    }

    fn deliver(&mut self, rows: Vec<LeasedDelivery>) {
        let state = self.config.as_ref().map(|config| config.state);
        match state {
            Some(EndpointState::Enabled) => self.send(rows),
            // Rows are claimed of enabled endpoints alone: what was read is out of date.
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
            EndpointState::Paused => release(&self.args.delivery.completer, rows),
            EndpointState::Disabled => self.cancel(rows),
        }
    }

    fn send(&mut self, rows: Vec<LeasedDelivery>) {
        self.queue.extend(rows);
        self.send_on();
    }

    /// Sends those whose turn it is: as many at a time as the endpoint bears, and no faster than its throttle says. Gives
    /// all of them back when nothing may be sent.
    fn send_on(&mut self) {
        let Some(config) = self.config.clone() else {
            return; // they go with the others when it has been read
        };
        let (delivery, endpoint) = (Arc::clone(&self.args.delivery), self.args.endpoint);
        let (now_ms, now_us) = (delivery.env.clock.now_ms(), delivery.env.clock.now_us());
        // Processes come and go.
        let paced = self.throttle.zip(config.throttle);
        self.throttle = paced
            .map(|(throttle, rate)| throttle.at_rate(rate, delivery.cluster.membership.nodes()));
        while !self.queue.is_empty() && self.sends < self.args.leases.sends(endpoint) {
            if let Some(Err(wait_us)) = self.throttle.as_mut().map(|throttle| throttle.take(now_us))
            {
                self.come_back_in(Duration::from_micros(wait_us.unsigned_abs()));
                return;
            }
            if !delivery.cluster.membership.may_send(now_ms)
                || !self.args.leases.may_send(endpoint, now_ms)
            {
                self.release();
                return;
            }
            if let Some(leased) = self.queue.pop_front() {
                self.spawn_send(Arc::clone(&config), leased);
            }
        }
    }

    fn come_back_in(&mut self, wait: Duration) {
        if !self.pace_timer {
            self.pace_timer = true;
            self.args.me.send_after(wait, EndpointMsg::Paced);
        }
    }

    fn spawn_send(&mut self, config: Arc<Config>, leased: LeasedDelivery) {
        self.sends += 1;
        let (delivery, creditor) = (Arc::clone(&self.args.delivery), leased.row.creditor);
        let died = EndpointMsg::Sent {
            creditor,
            tried: AttemptOutcome::Unsent,
        };
        spawn_and_notify(&self.args.me, died, async move {
            let (ended, tried) = attempt::run(&delivery, &config, leased).await;
            complete(&delivery.completer, ended).await;
            EndpointMsg::Sent { creditor, tried }
        });
    }

    fn sent(&mut self, creditor: CreditorId, tried: AttemptOutcome) {
        self.sends = self.sends.saturating_sub(1);
        let EndpointArgs {
            endpoint,
            delivery,
            leases,
            ..
        } = &self.args;
        let now_ms = delivery.env.clock.now_ms();
        match tried {
            AttemptOutcome::Sent(attempted) => {
                leases.record(*endpoint, creditor, attempted, now_ms);
                self.keep_what_it_bears();
            }
            AttemptOutcome::Unneeded => {}
            AttemptOutcome::Unsent => {
                leases.cool_down(*endpoint, now_ms);
                self.release();
            }
        }
        self.send_on();
    }

    /// Of a sick receiver no more is held in hand than it is sent at a time.
    fn keep_what_it_bears(&mut self) {
        let sends = self.args.leases.sends(self.args.endpoint);
        let bears = usize::try_from(sends).unwrap_or(usize::MAX);
        if sends < SENDS && self.queue.len() > bears {
            let rows = self.queue.split_off(bears).into();
            release(&self.args.delivery.completer, rows);
        }
    }

    fn release(&mut self) {
        let mut rows = std::mem::take(&mut self.waiting);
        rows.extend(self.queue.drain(..));
        release(&self.args.delivery.completer, rows);
    }

    /// Gives rows back, and keeps them from coming again at once.
    fn rest(&self, rows: Vec<LeasedDelivery>) {
        self.args
            .leases
            .cool_down(self.args.endpoint, self.args.delivery.env.clock.now_ms());
        release(&self.args.delivery.completer, rows);
    }

    /// Nothing more is sent to it, so there is nothing to remember of how it did.
    fn cancel(&self, rows: Vec<LeasedDelivery>) {
        self.args.leases.forgive(self.args.endpoint);
        if rows.is_empty() {
            return;
        }
        let ended = rows.into_iter().map(CompletedLease::cancelled).collect();
        let _ = self
            .args
            .delivery
            .completer
            .send(CompleterMsg::Complete { ended });
    }
}
