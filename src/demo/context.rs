//! What every chapter needs: the client, the receiver, the narrator, and the run's own names.

use actors::clock::Clock;
use secrecy::ExposeSecret;

use super::client::Client;
use super::failure::{Failure, check};
use super::narrator::Narrator;
use super::random;
use super::receiver::Receiver;
use super::request::Caller;
use super::server::{DemoServer, ServerKeys};

/// Everything that the story plays with.
pub(super) struct Stage {
    /// The one voice.
    pub(super) narrator: Narrator,
    /// Talks to the server, only through its public HTTP surface.
    pub(super) client: Client,
    /// The creditor's own server.
    pub(super) receiver: Receiver,
    /// What time it is.
    pub(super) clock: Clock,
    /// What the providers sign with.
    pub(super) keys: ServerKeys,
    /// The company's support.
    pub(super) support: Caller,
    /// Part of every name, so that a run can share a database with any other.
    pub(super) suffix: String,
}

impl Stage {
    /// Sets the stage around a running server.
    pub(super) fn set(
        server: &DemoServer,
        keys: ServerKeys,
        narrator: &Narrator,
    ) -> Result<Self, Failure> {
        for secret in keys.all() {
            narrator.hide(secret.expose_secret());
        }
        let clock = Clock::system();
        Ok(Self {
            narrator: narrator.clone(),
            client: Client::new(server.base_url(), narrator)?,
            receiver: Receiver::reserve(clock.clone())?,
            support: Caller::support(keys.support_token.expose_secret()),
            suffix: random::hex(4),
            clock,
            keys,
        })
    }

    /// Says `what` if it is so, else fails with it.
    pub(super) fn check(
        &self,
        holds: bool,
        what: &str,
        expected: impl Into<String>,
        came: impl Into<String>,
    ) -> Result<(), Failure> {
        check(&self.narrator, holds, what, expected, came)
    }
}
