//! Support routes of a creditor's API keys.

pub(crate) mod revoke;
pub(crate) mod rotate;
