//! What callers see: errors, requests, views, and the report of the rate limits.

pub(crate) mod db_error;
pub mod error;
pub mod limits;
mod request;
pub mod views;

pub use crate::domain::field_error::{FieldError, FieldErrorList};
pub(crate) use db_error::DbResultExt;
pub use error::{ApiError, ApiResult, Provider};
pub use limits::{LimitReport, LimitState};
pub use request::*;
pub use views::*;
