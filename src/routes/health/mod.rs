//! Whether the server is there, and whether it is well.

pub(crate) mod deep;
pub(crate) mod live;
