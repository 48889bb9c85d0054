//! The conversion of database errors to API errors. It logs the cause and the call site.

use entities::DbErr;

use super::error::ApiError;

/// Converts a database error to an [`ApiError`] and logs it.
pub(crate) trait DbResultExt<T> {
    /// Maps transient errors to `Overloaded`, so that the caller retries, and all others to `Internal`.
    fn map_db_error(self) -> Result<T, ApiError>;
}

impl<T> DbResultExt<T> for Result<T, DbErr> {
    #[track_caller]
    fn map_db_error(self) -> Result<T, ApiError> {
        let at = std::panic::Location::caller();
        self.map_err(|error| {
            tracing::error!(%error, location = %at, "a database statement failed");
            if entities::is_transient(&error) {
                ApiError::Overloaded
            } else {
                ApiError::Internal
            }
        })
    }
}
