//! The API of the platform: the typed methods of [`PartnerApi`], and of [`CreditorApi`] and [`SupportApi`] for callers
//! that are authenticated.
//!
//! Each method forwards to the module that does the work. This module owns no state. Actor handles, messages and
//! timeouts never appear in its signatures.

mod account;
mod audit;
mod auth;
mod authenticated;
mod health;
mod keys;
mod metrics;
mod operations;
mod partner_api;
mod placements;
mod replays;
mod support;
mod webhooks;

pub use authenticated::{CreditorApi, SupportApi};
pub use partner_api::PartnerApi;
