//! The live supervision tree.

pub(crate) mod show;
