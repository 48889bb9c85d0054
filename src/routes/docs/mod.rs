//! The documentation page over HTTP.

pub(crate) mod show;
