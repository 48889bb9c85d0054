//! Routes of the read-only API key, e.g. for a data warehouse.

pub(crate) mod allowed_networks;
pub(crate) mod delete;
pub(crate) mod rotate;
