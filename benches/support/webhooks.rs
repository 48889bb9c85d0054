//! Sets webhook URLs through the HTTP API with a session, so that each endpoint gets its encrypted secret.

use std::net::SocketAddr;

use super::client::Connection;
use super::seed::{self, Seeded};

/// Sets the webhook URL of the nth creditor in `seeded` to `target(n)`.
pub(crate) async fn point(
    database: &str,
    server: SocketAddr,
    seeded: &[Seeded],
    target: impl Fn(usize) -> String,
) {
    let sessions = seed::sessions(database, seeded).await;
    let mut connection = Connection::open(server, None).await.expect("connects");
    for (n, session) in sessions.iter().enumerate() {
        let change = serde_json::json!({"webhook_url": target(n)}).to_string();
        let status = connection.patch("/v1/settings", session, &change).await;
        assert_eq!(status.expect("an answer"), 200, "the webhook is set");
    }
}
