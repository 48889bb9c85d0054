//! Sandbox routes with which a developer advances a placement as operations would.

pub(crate) mod advance;
