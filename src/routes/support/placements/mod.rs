//! What operations report about placements.

pub(crate) mod open_dispute;
pub(crate) mod transition;
