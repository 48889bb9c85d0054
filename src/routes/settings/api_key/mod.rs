//! Routes with which a creditor manages its full-access API key.

pub(crate) mod allowed_networks;
pub(crate) mod revoke;
pub(crate) mod rotate;
pub(crate) mod show;
