//! The creditor's settings.

pub(crate) mod show;
pub(crate) mod update;
pub(crate) mod webhook_secret;
