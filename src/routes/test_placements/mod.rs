//! Sandbox only: a developer moves a placement as operations would.

pub(crate) mod advance;
