//! What the tests, the benches and the demo share: one HTTP client, one source of signed provider events, one webhook
//! receiver and one kind of test database.
//!
//! It knows the service only from outside, by its HTTP API and its SQL tables, and never depends on its crates. So the
//! unit tests of `actors` can use it, and the demo, which is part of the shipped binary. The demo is built without the
//! feature `testing`.
//!
//! ```text
//!  http             a JSON client and its responses     provider_events  signed events of Stripe, Middesk, DocuSign
//!  receiver         records webhooks, may be down       database         SQLite or Postgres (`testing`)
//!                                                     name_server      answers by the name (`testing`)
//! ```
//!
//! Not here, because sharing would add code:
//!
//! - Starting a server is a call of `partner_api::server::start` with `Config::for_demo` and the caller's settings.
//!   Only the integration tests start servers as child processes, and only they look for a Postgres server.
//! - The HTTP client and the receiver of the benches measure. They use sockets directly to need little CPU time.
//! - The receiver in `actors/src/delivery/tests` sends malformed responses, which an HTTP library refuses to write.

#[cfg(feature = "testing")]
pub mod database;
pub mod http;
#[cfg(feature = "testing")]
pub mod name_server;
pub mod provider_events;
pub mod receiver;

#[cfg(feature = "testing")]
pub use database::TestDatabase;
pub use http::{Http, Response};
#[cfg(feature = "testing")]
pub use name_server::NameServer;
pub use receiver::Receiver;
