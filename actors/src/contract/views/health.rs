//! What on-call is shown of the process: its actors and its health.

use serde::Serialize;
use utoipa::ToSchema;

/// A node of the live supervision tree.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ActorView {
    /// Name within its parent.
    pub name: String,
    /// What it is, e.g. `Writer`.
    pub kind: String,
    /// How often it was restarted.
    pub restarts: u64,
    /// Messages waiting; null where the actor is down.
    pub mailbox: Option<u64>,
    /// `running`, `restarting` or `failed`.
    pub state: String,
    /// What it supervises.
    #[schema(no_recursion)]
    pub children: Vec<ActorView>,
}

/// `/health/deep`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HealthView {
    /// `ok` or `degraded`.
    pub status: String,
    /// `ok` or what failed.
    pub database: String,
    /// `ok` or which actor is down.
    pub actors: String,
}
