//! The views: the typed results of [`crate::PartnerApi`].
//!
//! The field order of a view is the field order of the JSON. Money is a decimal string. Time is an RFC 3339 string in
//! UTC with milliseconds. Only the four types that exist to show a secret contain one, as a [`secrecy::SecretString`].
//! Doc comments of serialized views are the descriptions of the OpenAPI document.

mod account;
mod health;
mod page;
mod placements;
mod support;
mod webhooks;

pub use account::*;
pub use health::*;
pub use page::*;
pub use placements::*;
pub use support::*;
pub use webhooks::*;
