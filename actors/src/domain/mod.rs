//! The rules of the business, and nothing else.
//!
//! Everything here is a pure function of (state, input, now, entropy): no actor, no SQL, no HTTP,
//! no clock and no randomness. Time arrives as `now_ms` (Unix epoch milliseconds; the limiter takes
//! microseconds), entropy as a function that fills a buffer. Every protocol has its published
//! vectors as a test, every state machine its properties.
//!
//! ```text
//!  which rule                                        where
//!  ------------------------------------------------  ------------------------
//!  decimal strings and cents                         money
//!  dates and instants on the wire                    date
//!  the key's format, checksum and masking            api_key
//!  what a rotation does to the older keys            key_rotation
//!  which client addresses may use a key              allowed_networks
//!  when a dashboard session ends or is renewed       session_expiry
//!  three gates, facts out of order                   gates
//!  the account status that follows                   account
//!  may this request pass both limits                 gcra
//!  tiers and one creditor's override                 limits
//!  where a delivery stands                           delivery_state
//!  what follows a delivery attempt                   retry, retry_schedule
//!  signatures, ours and the providers'               signature
//!  is this endpoint worth a try now                  breaker
//!  when it may be sent the next one                  pace
//!  when it is given up                               endpoint_health
//!  headers that its owner may add                    custom_headers
//!  restart the failed child, or give up              restart_budget
//!  may we connect to this address                    safe_address
//!  is this the same request again                    fingerprint
//!  where a page continues                            cursor
//!  which trace a request belongs to                  trace_context
//!
//!  placement, an invoice handed over:
//!    its nine statuses                               placement::status
//!    what is accepted as a new one                   placement::draft, field
//!    which fields were refused, and why              field_error
//!    what may happen to it, and to which status      placement::transition, action
//!    and why not                                     placement::refusal
//!    how much is still owed                          placement::payment
//!    may its debtor be contacted now                 placement::outreach
//! ```

pub mod account;
pub mod allowed_networks;
pub mod api_key;
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
pub mod throttle;
pub mod trace_context;
