//! Creditors as support sees them.

pub(crate) mod list;
pub(crate) mod show;
pub(crate) mod update;
