//! The actors of the partner platform, behind one door: [`PartnerApi`].
//!
//! ```text
//! Root
//! ├─ Node                 this process among others: heartbeat, control feed, rescue, janitor, checkpoints
//! ├─ Admission
//! │  ├─ Registry          prefix → tenant actor; loads on first use, lets the idle go
//! │  │  └─ Tenant × n     owns one tenant's live keys, limit state and concurrency
//! │  ├─ SecretVerifier    bcrypt, bounded, off the async threads
//! │  └─ KeyUsageRecorder           when and from where keys were used last, in batches
//! ├─ Onboarding
//! │  └─ GateEvaluator     provider event → facts → gates → issue
//! ├─ Ledger
//! │  └─ Writer × w        group commit, keyed by tenant; 1 on SQLite, 2 on Postgres
//! ├─ Delivery
//! │  ├─ Dispatcher        claims due deliveries for endpoints that have credit
//! │  │  └─ Endpoint × n   bounded in-flight, breaker; spawns sends, never awaits them
//! │  ├─ Completer         writes outcomes in batches, fenced
//! │  └─ Replayer          makes due again what has failed or run out, as a job
//! └─ Jobs
//!    └─ Simulator         plays operations in the sandbox
//! ```
//!
//! `domain` holds the rules as pure functions; the rooms perform them. Requests come in through
//! [`PartnerApi`] as typed calls and leave as views; no caller ever sees an actor or a row.

mod admission;
mod api;
mod app;
mod auth;
mod cluster;
mod contract;
mod creditor;
mod delivery;
pub mod domain;
mod endpoints;
mod infra;
mod keys;
mod leases;
mod onboarding;
mod outbox;
mod placements;
mod sandbox;
mod supervision;
#[cfg(test)]
mod test_support;

pub use admission::Permit;
pub use api::PartnerApi;
#[cfg(feature = "fault-injection")]
pub use app::ActorKind;
pub use app::StartError;
pub use auth::{Admitted, AuthMethod, AuthenticatedTenant, Refused, SignedInCaller, SupportActor};
pub use contract::*;
pub use infra::{Mode, ProviderSecrets, Settings, SupportToken, VaultError, clock, trace};
