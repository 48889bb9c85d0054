//! The first API key of a creditor.

pub(crate) mod reveal;
