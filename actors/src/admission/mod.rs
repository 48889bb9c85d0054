//! Admission: is this key genuine, alive, allowed here, and within both limits?
//!
//! One actor a tenant owns that decision. What must outlive the actor (limit cells, permits) lives
//! in the [`TenantBook`]; what is remembered of bcrypt is only "this secret matches this hash",
//! and whether the key is alive is judged on live state at every request.

mod attempts;
mod bcrypt_pool;
mod book;
mod branch;
mod cells;
mod decision;
mod guesses;
mod judge;
mod last_use;
mod proofs;
mod registry;
mod source;
mod tenant;
mod tenant_load;
mod verifier;
mod windows;

pub(crate) use attempts::Attempts;
pub(crate) use bcrypt_pool::BcryptPool;
pub use book::Permit;
pub(crate) use book::{TenantBook, TenantSlot};
pub(crate) use branch::admission_branch;
pub(crate) use decision::{Admission, Refusal};
pub use decision::{LimitReport, LimitState};
pub(crate) use guesses::Guesses;
pub(crate) use last_use::LastUseMsg;
pub(crate) use proofs::{Mac, Proofs, keyed_mac};
pub(crate) use registry::RegistryMsg;
pub(crate) use tenant::{Knock, TenantMsg};
pub(crate) use verifier::VerifierMsg;
