//! The one read-only key, for a warehouse.

pub(crate) mod allowed_networks;
pub(crate) mod delete;
pub(crate) mod rotate;
