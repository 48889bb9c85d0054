//! One receiver: what it is sent with, and whether it is sent to now.
//!
//! Owns the endpoint's URL, secrets and state as last read, and moves its circuit breaker. Spawns
//! sends and never awaits one. What it may be sent is bounded by the credits of the book before a
//! row ever reaches it. Rows that it cannot send go back to the queue, without an attempt spent.

use std::sync::Arc;

use entities::ids::EndpointId;
use entities::queries::{delivery as queue, webhooks};
use entities::webhook_endpoint::EndpointState;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use secrecy::ExposeSecret;
use thiserror::Error;

use super::attempt::{self, Config, Ended, Leased, give_back};
use super::book::Book;
use super::completer::CompleterMsg;
use super::sender::{Sender, address_policy};
use crate::domain::safe_address::check_url;
use crate::domain::signature::{SecretFormatError, WebhookSecret};
use crate::house::House;
use crate::supervision::Address;
use crate::supervision::spawn_reporting;
use crate::vault::VaultError;

/// Messages of an [`Endpoint`].
#[derive(Debug)]
pub(crate) enum EndpointMsg {
    /// Leased rows to send now.
    Deliver {
        /// Never more than the endpoint has credit for.
        rows: Vec<Leased>,
    },
    /// Its URL, secrets or state changed: nothing more is sent with the old ones.
    Changed,
    /// It has been read.
    Loaded {
        /// Of which reading this is the answer; an older one is ignored.
        reading: u64,
        /// What was read.
        config: Result<Config, LoadError>,
    },
    /// An attempt ended.
    Sent {
        /// Whether with a 2xx; `None` when nothing could be sent.
        delivered: Option<bool>,
    },
    /// Give back what has not been sent yet.
    GiveBack,
    /// Panics.
    #[cfg(feature = "fault-injection")]
    Panic,
}

/// Why an endpoint cannot be sent to. Its rows wait: none is ever sent unsigned.
#[derive(Debug, Error)]
pub(crate) enum LoadError {
    /// Try again.
    #[error(transparent)]
    Database(#[from] entities::DbErr),
    /// The reading died.
    #[error("reading the endpoint died")]
    Died,
    /// There is no such endpoint any more.
    #[error("the endpoint is gone")]
    Gone,
    /// A secret does not open.
    #[error(transparent)]
    Sealed(#[from] VaultError),
    /// A secret is damaged.
    #[error(transparent)]
    Secret(#[from] SecretFormatError),
    /// It has no live secret.
    #[error("the endpoint has no live signing secret")]
    NoSecret,
}

/// What an [`Endpoint`] starts with.
pub(crate) struct EndpointArgs {
    pub(super) endpoint: EndpointId,
    pub(super) house: Arc<House>,
    pub(super) book: Arc<Book>,
    pub(super) sender: Arc<Sender>,
    pub(super) me: Address<EndpointMsg>,
}

/// The state of an [`Endpoint`].
pub(crate) struct Seat {
    args: EndpointArgs,
    config: Option<Arc<Config>>,
    /// Number of the last reading that was begun, and whether its answer is still to come.
    reading: u64,
    loading: bool,
    /// Rows that wait for it.
    waiting: Vec<Leased>,
}

/// The actor of one endpoint.
pub(crate) struct Endpoint;

impl Actor for Endpoint {
    type Msg = EndpointMsg;
    type State = Seat;
    type Arguments = EndpointArgs;

    /// Begins to read the endpoint. The answer comes as a message, because whoever starts an
    /// endpoint, the Dispatcher, must not wait for the database.
    async fn pre_start(
        &self,
        _myself: ActorRef<Self::Msg>,
        args: Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        let mut state = Seat {
            args,
            config: None,
            reading: 0,
            loading: false,
            waiting: Vec::new(),
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
            EndpointMsg::Sent { delivered } => state.sent(delivered),
            EndpointMsg::GiveBack => state.give_back(),
            #[cfg(feature = "fault-injection")]
            #[allow(clippy::panic)]
            EndpointMsg::Panic => panic!("injected into an Endpoint"),
        }
        Ok(())
    }
}

impl Seat {
    /// Reads the endpoint again; until it is read nothing is sent.
    fn load(&mut self) {
        self.config = None;
        self.loading = true;
        self.reading += 1;
        let (house, endpoint, reading) = (
            Arc::clone(&self.args.house),
            self.args.endpoint,
            self.reading,
        );
        let died = EndpointMsg::Loaded {
            reading,
            config: Err(LoadError::Died),
        };
        spawn_reporting(&self.args.me, died, async move {
            EndpointMsg::Loaded {
                reading,
                config: read(&house, endpoint).await,
            }
        });
    }

    fn loaded(&mut self, reading: u64, config: Result<Config, LoadError>) {
        if reading != self.reading {
            return;
        }
        self.loading = false;
        let rows = std::mem::take(&mut self.waiting);
        match config {
            Ok(config) => {
                let config = Arc::new(config);
                self.config = Some(Arc::clone(&config));
                self.send_as_read(&config, rows);
            }
            Err(LoadError::Gone) => self.cancel(rows),
            Err(error) => {
                tracing::error!(endpoint = %self.args.endpoint, %error, "cannot send to an endpoint");
                self.rest(rows);
            }
        }
    }

    fn deliver(&mut self, rows: Vec<Leased>) {
        match self.config.clone() {
            Some(config) if config.state == EndpointState::Enabled => self.send(&config, rows),
            // Rows are claimed of enabled endpoints alone: what was read is out of date.
            _ => self.wait_for_config(rows),
        }
    }

    fn wait_for_config(&mut self, rows: Vec<Leased>) {
        self.waiting.extend(rows);
        if !self.loading {
            self.load();
        }
    }

    fn send_as_read(&self, config: &Arc<Config>, rows: Vec<Leased>) {
        match config.state {
            EndpointState::Enabled => self.send(config, rows),
            EndpointState::Paused => self.rest(rows),
            EndpointState::Disabled => self.cancel(rows),
        }
    }

    /// Spawns the sends that the standing of this process and the circuit allow.
    fn send(&self, config: &Arc<Config>, rows: Vec<Leased>) {
        let now_ms = self.args.house.clock.now_ms();
        let mut held_back = Vec::new();
        for leased in rows {
            let allowed = self.args.house.standing.may_send(now_ms)
                && self.args.book.may_send(self.args.endpoint, now_ms);
            if allowed {
                self.spawn_send(Arc::clone(config), leased);
            } else {
                held_back.push(leased);
            }
        }
        give_back(&self.args.house, held_back);
    }

    fn spawn_send(&self, config: Arc<Config>, leased: Leased) {
        let (house, sender) = (Arc::clone(&self.args.house), Arc::clone(&self.args.sender));
        let me = self.args.me.clone();
        tokio::spawn(async move {
            let (ended, delivered) = attempt::run(&house, &sender, &config, leased).await;
            let _ = me.send(EndpointMsg::Sent { delivered });
            attempt::hand_over(&house.addresses.completer, ended).await;
        });
    }

    fn sent(&self, delivered: Option<bool>) {
        let now_ms = self.args.house.clock.now_ms();
        match delivered {
            Some(delivered) => self.args.book.record(self.args.endpoint, delivered, now_ms),
            None => self.args.book.rest(self.args.endpoint, now_ms),
        }
    }

    fn give_back(&mut self) {
        give_back(&self.args.house, std::mem::take(&mut self.waiting));
    }

    /// Gives rows back, and keeps them from coming again at once.
    fn rest(&self, rows: Vec<Leased>) {
        self.args
            .book
            .rest(self.args.endpoint, self.args.house.clock.now_ms());
        give_back(&self.args.house, rows);
    }

    fn cancel(&self, rows: Vec<Leased>) {
        if rows.is_empty() {
            return;
        }
        let ended = rows.into_iter().map(Ended::cancelled).collect();
        let _ = self
            .args
            .house
            .addresses
            .completer
            .send(CompleterMsg::Settle { ended });
    }
}

/// Reads an endpoint and opens its secrets.
async fn read(house: &House, id: EndpointId) -> Result<Config, LoadError> {
    let reader = house.db.reader();
    let row = queue::endpoint(reader, id).await?.ok_or(LoadError::Gone)?;
    let sealed = webhooks::secrets(reader, id, house.clock.now_ms()).await?;
    if sealed.is_empty() {
        return Err(LoadError::NoSecret);
    }
    let mut secrets = Vec::with_capacity(sealed.len());
    for secret in sealed {
        let text = house.vault.open(&format!("webhook:{id}"), &secret.sealed)?;
        secrets.push((
            WebhookSecret::parse(text.expose_secret())?,
            secret.expires_ms,
        ));
    }
    let url = check_url(&row.url, &address_policy(&house.settings));
    Ok(Config {
        url,
        state: row.state,
        secrets,
    })
}
