//! The one door to the platform: [`PartnerApi`]. Typed calls in, views out.
//!
//! Owns nothing: each method forwards to the module that does. It hides actor handles, messages and timeouts.

mod account;
mod audit;
#[cfg(feature = "fault-injection")]
mod faults;
mod health;
mod keys;
mod metrics;
mod operations;
mod partner_api;
mod placements;
mod replays;
mod support;
mod webhooks;

#[cfg(feature = "fault-injection")]
pub use faults::ActorKind;
pub use partner_api::{ApiResult, PartnerApi, StartError};
