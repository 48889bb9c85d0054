//! Creditors: sign-up, and where onboarding stands.

pub(crate) mod api_key;
pub(crate) mod create;
pub(crate) mod setup;
pub(crate) mod status;
