//! The onboarding gates in support's hands.

pub(crate) mod set;
