//! Admission: is this key genuine, alive, allowed here, and within both limits?
//!
//! The decision is taken at the tenant's desk, which its actor keeps ready: the actor alone reads
//! live state and has secrets proven. What must outlive the actor (limit cells, permits) lives in
//! the [`TenantBook`]; what is remembered of bcrypt is only "this secret matches this hash", and
//! whether the key is alive is judged on live state at every request.

mod attempts;
mod bcrypt_pool;
mod book;
mod branch;
mod cells;
mod decision;
mod desk;
mod guesses;
mod judge;
mod knock;
mod last_use;
mod people;
mod proofs;
mod registry;
mod slot;
mod source;
mod strangers;
mod tenant;
mod tenant_load;
mod verifier;
mod windows;

pub(crate) use attempts::Attempts;
pub(crate) use bcrypt_pool::BcryptPool;
pub(crate) use book::TenantBook;
pub(crate) use branch::admission_branch;
pub use decision::{LimitReport, LimitState};
pub(crate) use decision::{Refusal, Verdict};
pub(crate) use guesses::Guesses;
pub(crate) use knock::Knock;
pub(crate) use last_use::LastUseMsg;
pub(crate) use people::admit_person;
pub(crate) use proofs::{Mac, Proofs, keyed_mac};
pub(crate) use registry::RegistryMsg;
pub use slot::Permit;
pub(crate) use slot::TenantSlot;
pub(crate) use strangers::{Meeting, Strangers};
pub(crate) use tenant::TenantMsg;
pub(crate) use verifier::VerifierMsg;
