//! Support routes of the onboarding gates.

pub(crate) mod set;
