//! The types that callers of [`crate::PartnerApi`] see: requests, views, errors and the state of the rate limits.
//!
//! Never contains an actor or a database row.

mod db_error;
pub mod error;
pub mod limits;
mod request;
pub(crate) mod stored_json;
pub mod views;

pub use crate::domain::field_error::{FieldError, FieldErrorList};
pub use error::{ApiError, ApiResult, Provider};
pub use limits::{LimitReport, LimitState};
pub use request::*;
pub use views::*;
