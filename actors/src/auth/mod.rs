//! Authentication of callers: API keys, sessions, onboarding tokens and support tokens.
//!
//! Owns sign-in, sign-up and their throttles. Only this module constructs an `AuthenticatedTenant`.
//! It never counts requests against limits; admission does.

mod api_key;
mod caller;
mod failed_logins;
mod handle;
mod login_throttle;
mod session;
mod sessions;
mod sign_in;
mod sign_up;
mod support;
mod unknown_token_throttle;

pub use caller::{Admitted, AuthMethod, AuthenticatedTenant, SignedInCaller};
pub(crate) use handle::Auth;
pub(crate) use login_throttle::LoginThrottle;
pub(crate) use sessions::sign_out;
pub(crate) use sign_in::sign_in;
pub(crate) use sign_up::sign_up;
pub use support::SupportActor;
pub(crate) use unknown_token_throttle::UnknownTokenThrottle;
