//! The API of the platform: the typed methods of [`PartnerApi`].
//!
//! Each method forwards to the module that does the work. This module owns no state. Actor handles, messages and
//! timeouts never appear in its signatures.

mod account;
mod audit;
mod auth;
mod health;
mod keys;
mod metrics;
mod operations;
mod partner_api;
mod placements;
mod replays;
mod support;
mod webhooks;

pub use partner_api::PartnerApi;
