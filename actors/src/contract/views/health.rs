//! The views of the process: its actors and its health.

use serde::Serialize;
use utoipa::ToSchema;

/// An actor in the supervision tree.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ActorView {
    /// Name within its parent.
    pub name: String,
    /// Type of the actor, e.g. `Writer`.
    pub kind: String,
    /// Number of restarts.
    pub restarts: u64,
    /// Number of messages in the mailbox. Null while the actor is down.
    pub mailbox: Option<u64>,
    /// `running`, `restarting`, or `idle` for the actor of an endpoint that failed and starts again with its next
    /// delivery.
    pub state: String,
    /// The actors that it supervises.
    #[schema(no_recursion)]
    pub children: Vec<ActorView>,
}

/// `/health/deep`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HealthView {
    /// `ok` or `degraded`.
    pub status: String,
    /// `ok`, or what failed.
    pub database: String,
    /// `ok`, or which actor is restarting.
    pub actors: String,
}
