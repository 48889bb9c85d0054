//! The business rules.
//!
//! Every rule is a pure function of state, input, time and entropy. This module never uses an
//! actor, SQL, HTTP, a clock or a source of randomness. Time arrives as `now_ms` (Unix epoch
//! milliseconds); the rate limiter and the throttle take microseconds. Entropy arrives as bytes or
//! as a function that fills a buffer. Every protocol is tested against its published vectors, and
//! every state machine has property tests.
//!
//! ```text
//!  rule                                              module
//!  ------------------------------------------------  ------------------------
//!  decimal strings and cents                         money
//!  dates and instants on the wire                    date
//!  format, checksum and masking of an API key        api_key
//!  effect of a rotation on the older keys            key_rotation
//!  client addresses that may use a key               allowed_networks
//!  expiry and renewal of dashboard sessions          session_expiry
//!  onboarding gates, merging out-of-order facts      gates
//!  account status                                    account
//!  rate limiting by key and tenant                   gcra
//!  limit tiers and overrides                         limits
//!  states of a delivery                              delivery_state
//!  next step after a delivery attempt                retry, retry_schedule
//!  form of every text that callers send              text
//!  signatures of webhooks, of incoming requests      signature, body_signature
//!  circuit breaker of an endpoint                    breaker
//!  send rate of an endpoint                          throttle
//!  disabling an endpoint that keeps failing          endpoint_health
//!  custom headers of an endpoint                     custom_headers
//!  restart intensity of a supervisor                 restart_budget
//!  protection against SSRF                           safe_address
//!  idempotency keys and request fingerprints         fingerprint
//!  pagination cursors                                cursor
//!  W3C trace context                                 trace_context
//!
//!  placement, an invoice handed over:
//!    its nine statuses                               placement::status
//!    validation of new placements                    placement::draft, field
//!    field errors                                    field_error, placement::field_error
//!    transitions and actions                         placement::transition, action
//!    reasons for refusing an action                  placement::refusal
//!    balance and payments                            placement::payment
//!    whether the debtor may be contacted             placement::outreach
//! ```

/// Gives an enum the methods of its names, which strum derives in snake case from the names of the variants.
macro_rules! names {
    ($name:ty) => {
        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: [Self; <Self as strum::VariantArray>::VARIANTS.len()] =
                match <Self as strum::VariantArray>::VARIANTS.first_chunk() {
                    Some(all) => *all,
                    None => unreachable!(),
                };

            /// The name on the wire and in storage.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                self.into()
            }

            /// Returns the value with this name, or `None`.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                name.parse().ok()
            }
        }
    };
}

pub mod account;
pub mod allowed_networks;
pub mod api_key;
pub mod body_signature;
pub mod breaker;
pub mod cursor;
pub mod custom_headers;
pub mod date;
pub mod delivery_state;
pub mod endpoint_health;
pub mod field_error;
pub mod fingerprint;
pub mod gates;
pub mod gcra;
pub mod key_rotation;
pub mod limits;
pub mod money;
pub mod placement;
pub mod restart_budget;
pub mod retry;
pub mod retry_schedule;
pub mod safe_address;
pub mod session_expiry;
pub mod signature;
pub mod text;
pub mod throttle;
pub mod trace_context;
