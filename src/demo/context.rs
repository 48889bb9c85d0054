//! The context that every chapter gets: the client, the receiver, the narrator and the names of this run.
//!
//! Owns no step of the demo.

use actors::clock::Clock;
use secrecy::ExposeSecret;

use super::client::Client;
use super::failure::Failure;
use super::narrator::Narrator;
use super::random;
use super::receiver::Receiver;
use super::request::{Call, Caller};
use super::response_check::Answer;
use super::server::ServerKeys;

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
    /// Creates the context for the server at `base_url` and registers its secrets with the narrator.
    pub(super) fn set(
        base_url: &str,
        keys: ServerKeys,
        narrator: &Narrator,
    ) -> Result<Self, Failure> {
        for secret in keys.all() {
            narrator.hide(secret.expose_secret());
        }
        let clock = Clock::system();
        Ok(Self {
            narrator: narrator.clone(),
            client: Client::new(base_url, narrator)?,
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
        if holds {
            self.narrator.held(what);
            return Ok(());
        }
        Err(Failure::new(what, expected, came))
    }

    /// Prints an explanation of the next step.
    pub(super) fn says(&self, text: &str) {
        self.narrator.says(text);
    }

    /// Prints a check that has passed.
    pub(super) fn held(&self, text: &str) {
        self.narrator.held(text);
    }

    /// Sends a request, prints it and its response, and requires this status.
    pub(super) async fn ask(&self, call: Call<'_>, status: u16) -> Result<Answer, Failure> {
        self.client.ask(call).await?.must_be(status)
    }

    /// Sends a request, prints it and its response, and requires an error with this status and code.
    pub(super) async fn ask_refused(
        &self,
        call: Call<'_>,
        status: u16,
        code: &str,
    ) -> Result<Answer, Failure> {
        self.client.ask(call).await?.must_refuse(status, code)
    }

    /// Sends a request without printing anything, and requires the status 200.
    pub(super) async fn read(&self, call: Call<'_>) -> Result<Answer, Failure> {
        self.client.quietly(call).await?.must_be(200)
    }
}
