//! Routes of the Master Services Agreement.

pub(crate) mod accept;
pub(crate) mod show;
