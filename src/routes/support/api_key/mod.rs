//! A creditor's key in support's hands.

pub(crate) mod revoke;
pub(crate) mod rotate;
