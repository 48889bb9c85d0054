//! Who is calling: API keys, sessions, onboarding tokens and support tokens; sign-in, sign-up and their throttles.
//!
//! Only this folder constructs an `AuthenticatedTenant`.

mod caller;
mod login_throttle;
mod sessions;
mod sign_in;
mod sign_up;
mod unknown_token_throttle;

pub use caller::{
    Admitted, AuthenticatedTenant, IdempotencyKey, Refused, SignedInCaller, SupportActor, Via,
};
pub(crate) use login_throttle::Attempts;
pub(crate) use sessions::sign_out;
pub(crate) use sign_in::sign_in;
pub(crate) use sign_up::sign_up;
pub(crate) use unknown_token_throttle::Strangers;
