//! The context that every chapter gets: the client, the receiver, the narrator and the names of this run.
//!
//! Owns no step of the demo.

use actors::clock::Clock;
use secrecy::ExposeSecret;

use super::client::Client;
use super::failure::{Failure, check};
use super::narrator::Narrator;
use super::random;
use super::receiver::Receiver;
use super::request::Caller;
use super::server::{DemoServer, ServerKeys};

/// The shared context of all chapters.
pub(super) struct DemoContext {
    /// Prints all output.
    pub(super) narrator: Narrator,
    /// Calls the server's public HTTP API.
    pub(super) client: Client,
    /// The creditor's webhook receiver.
    pub(super) receiver: Receiver,
    /// The system clock.
    pub(super) clock: Clock,
    /// The secrets that providers and support use.
    pub(super) keys: ServerKeys,
    /// The support team as a caller.
    pub(super) support: Caller,
    /// A random part of every name, so that several runs can share a database.
    pub(super) suffix: String,
}

impl DemoContext {
    /// Creates the context for a running server and registers its secrets with the narrator.
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
            receiver: Receiver::reserve()?,
            support: Caller::support(keys.support_token.expose_secret()),
            suffix: random::hex(4),
            clock,
            keys,
        })
    }

    /// Prints `what` as a passed check if `holds` is true, otherwise returns a failure.
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
