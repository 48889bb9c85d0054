//! What happens around every handler; the order is in [`crate::router`].
//!
//! ```text
//! request_id    names the request, opens its span, logs its end
//! problem_body  writes the body of every error
//! draining      turns new requests away while the process leaves
//! client_address  where it comes from, past trusted proxies
//! guard         who is calling, and may they (one per route, from its declared access)
//! ```

pub(crate) mod client_address;
pub(crate) mod draining;
pub(crate) mod guard;
pub(crate) mod problem_body;
pub(crate) mod request_id;
