//! The full-access key in its owner's hands.

pub(crate) mod allowed_networks;
pub(crate) mod revoke;
pub(crate) mod rotate;
pub(crate) mod show;
