//! The creditor's webhook receiver. It starts down.
//!
//! Verifies signatures with the public library, and never with the server's own signing code: a bug in shared code
//! would go unnoticed. Never accepts a webhook whose signature does not verify.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use standardwebhooks::Webhook;
use test_support::receiver::{Arrival, Receiver as WebhookReceiver};

use super::failure::Failure;

/// The path that accepts webhooks.
const PATH: &str = "/webhooks/partner";

/// The creditor's webhook receiver.
pub(super) struct Receiver {
    webhooks: WebhookReceiver,
    /// Verifies signatures as soon as the receiver has its secret.
    verifier: Arc<OnceLock<Webhook>>,
}

impl Receiver {
    /// Binds a free port without listening on it.
    pub(super) fn reserve() -> Result<Self, Failure> {
        let verifier = Arc::new(OnceLock::new());
        let shared = Arc::clone(&verifier);
        let is_genuine = move |arrival: &Arrival| check(&shared, arrival, &arrival.raw).is_ok();
        let webhooks = WebhookReceiver::bind(PATH, is_genuine)
            .map_err(|error| Failure::broken("bind a port for the receiver", error))?;
        Ok(Self { webhooks, verifier })
    }

    /// The webhook URL.
    pub(super) fn url(&self) -> &str {
        &self.webhooks.url
    }

    /// The address that the receiver is bound to.
    pub(super) const fn address(&self) -> SocketAddr {
        self.webhooks.address
    }

    /// Sets the secret that verifies signatures.
    pub(super) fn trust(&self, secret: &str) -> Result<(), Failure> {
        let verifier = Webhook::new(secret)
            .map_err(|error| Failure::broken("decode the signing secret", error))?;
        self.verifier.get_or_init(|| verifier);
        Ok(())
    }

    /// Starts listening. Does nothing if the receiver is already up.
    pub(super) fn open(&self) -> Result<(), Failure> {
        let opened = self.webhooks.open();
        opened.map_err(|error| Failure::broken("listen on the port of the receiver", error))
    }

    /// All accepted webhooks without duplicates, ordered by sequence number.
    pub(super) fn events(&self) -> Vec<Arrival> {
        let mut events = self.webhooks.accepted();
        events.sort_by_key(Arrival::sequence);
        events
    }

    /// How often an accepted webhook was received again.
    pub(super) fn duplicates(&self) -> usize {
        self.webhooks.repeats().len()
    }

    /// The reasons for rejected webhooks.
    pub(super) fn refused(&self) -> Vec<String> {
        let arrivals = self.webhooks.arrivals().into_iter();
        arrivals
            .filter(|arrival| arrival.answered == 401)
            .map(|arrival| {
                let checked = check(&self.verifier, &arrival, &arrival.raw);
                format!("{}: {}", arrival.id, checked.err().unwrap_or_default())
            })
            .collect()
    }

    /// Whether the signature of `event` verifies with `body` in place of the received body.
    pub(super) fn believes(&self, event: &Arrival, body: &[u8]) -> bool {
        check(&self.verifier, event, body).is_ok()
    }
}

/// Checks that `arrival` is a genuine event, with `body` in place of its body. The library also checks the timestamp.
fn check(verifier: &OnceLock<Webhook>, arrival: &Arrival, body: &[u8]) -> Result<(), String> {
    let verifier = verifier.get().ok_or("there is no signing secret yet")?;
    verifier
        .verify(body, &arrival.headers)
        .map_err(|error| error.to_string())?;
    if arrival.event_type().is_empty() || arrival.sequence() == 0 {
        return Err("no type or no data.sequence".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use actors::clock::Clock;
    use axum::body::Bytes;
    use axum::http::HeaderMap;
    use serde_json::json;

    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn signature_verifies_only_for_signed_body_timestamp_and_secret() {
        let body = json!({"type": "placement.created", "data": {"sequence": 1}});
        let raw = Bytes::from(body.to_string());
        let sent_s = Clock::system().now_ms() / 1_000;
        let signature = Webhook::new(SECRET).unwrap().sign("msg_1", sent_s, &raw);
        let arrival = |sent_s: i64| {
            let mut headers = HeaderMap::new();
            for (name, value) in [
                ("webhook-id", "msg_1".to_owned()),
                ("webhook-timestamp", sent_s.to_string()),
                ("webhook-signature", signature.as_ref().unwrap().clone()),
            ] {
                headers.insert(name, value.parse().unwrap());
            }
            Arrival {
                id: "msg_1".to_owned(),
                headers,
                raw: raw.clone(),
                body: body.clone(),
                at: Instant::now(),
                answered: 0,
            }
        };
        let with = |secret: &str| OnceLock::from(Webhook::new(secret).unwrap());
        let trusting = with(SECRET);
        assert_eq!(check(&trusting, &arrival(sent_s), &raw), Ok(()));
        let refused = |verifier, arrival, body: &[u8]| check(verifier, &arrival, body).unwrap_err();
        let tampered = raw.strip_suffix(b"}").unwrap();
        let invalid = "signature invalid";
        assert_eq!(refused(&trusting, arrival(sent_s), tampered), invalid);
        assert_eq!(refused(&trusting, arrival(sent_s - 1), &raw), invalid);
        let old = refused(&trusting, arrival(1_614_265_330), &raw);
        assert_eq!(old, "signature timestamp too old");
        let other = with("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
        assert_eq!(refused(&other, arrival(sent_s), &raw), invalid);
        assert!(Receiver::reserve().unwrap().trust("whsec_?").is_err());
    }
}
