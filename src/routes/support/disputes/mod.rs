//! Disputes in support's hands.

pub(crate) mod answer;
