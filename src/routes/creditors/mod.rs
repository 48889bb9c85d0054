//! Routes of creditors: sign-up and onboarding.

pub(crate) mod api_key;
pub(crate) mod create;
pub(crate) mod setup;
pub(crate) mod status;
