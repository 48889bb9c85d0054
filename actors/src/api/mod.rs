//! The one door to the platform: [`PartnerApi`]. Typed calls in, views out.
//!
//! Owns nothing: each method forwards to the module that does. It hides actor handles, messages and timeouts.

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
