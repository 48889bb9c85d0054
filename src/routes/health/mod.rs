//! Liveness and readiness of the server.

pub(crate) mod deep;
pub(crate) mod live;
