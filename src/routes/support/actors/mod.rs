//! The route of the live supervision tree.

pub(crate) mod show;
