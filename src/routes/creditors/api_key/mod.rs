//! The creditor's one API key.

pub(crate) mod reveal;
