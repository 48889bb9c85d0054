//! The actors of the partner platform. [`PartnerApi`] is the only entry point.
//!
//! ```text
//! Root
//! ├─ Node                 heartbeat, control feed, rescue, janitor, SQLite checkpoints
//! ├─ Admission
//! │  ├─ Registry          key prefix → tenant actor; loads on first use, stops idle tenants
//! │  │  └─ Tenant × n     owns one tenant's live keys, limit state and concurrency
//! │  ├─ SecretVerifier    bcrypt, bounded, off the async threads
//! │  └─ KeyUsageRecorder  records in batches when and from where each key was last used
//! ├─ Onboarding
//! │  └─ GateEvaluator     provider event → facts → gates → key issue
//! ├─ Placements
//! │  └─ Writer × w        group commit, keyed by tenant; 1 on SQLite, 2 on Postgres
//! ├─ Delivery
//! │  ├─ Dispatcher        claims due deliveries for endpoints that have capacity
//! │  │  └─ Endpoint × n   bounded in-flight sends, breaker; spawns sends, never awaits them
//! │  ├─ Completer         writes outcomes in batches, fenced
//! │  └─ Replayer          makes failed and exhausted deliveries due again, as a job
//! └─ Sandbox
//!    └─ Simulator         simulates the operations team in the sandbox
//! ```
//!
//! `domain` holds the rules as pure functions. The other modules apply them. Callers use the typed methods of
//! [`PartnerApi`], [`CreditorApi`] and [`SupportApi`], and receive views. They never see an actor or a database row.

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

pub use admission::{Permit, Rejection};
pub use api::{CreditorApi, PartnerApi, SupportApi};
#[cfg(feature = "fault-injection")]
pub use app::ActorKind;
pub use app::StartError;
pub use auth::{Admitted, AuthMethod, AuthenticatedTenant, SignedInCaller, SupportActor};
pub use contract::*;
pub use domain::placement::CreditorAction;
pub use entities::ids;
/// The faults that tests inject below every statement.
#[cfg(feature = "fault-injection")]
pub mod faults {
    pub use entities::Cause;
    pub use entities::database::faults::{Fault, Faults, Point};
}
pub use infra::{
    Mode, ProviderSecrets, Settings, SupportToken, Timeouts, VaultError, clock, trace,
};
pub use onboarding::ProviderEventReceiver;
