//! The conversion of database errors to API errors. It logs the cause and the call site.

use entities::DbErr;

use super::error::ApiError;

impl From<DbErr> for ApiError {
    /// Maps transient errors to `Overloaded`, so that the caller retries, and all others to `Internal`. The call site
    /// is that of the `?`, because the standard library tracks the caller there, too.
    #[track_caller]
    fn from(error: DbErr) -> Self {
        let at = std::panic::Location::caller();
        tracing::error!(%error, location = %at, "a database statement failed");
        if entities::is_transient(&error) {
            Self::Overloaded
        } else {
            Self::Internal
        }
    }
}

/// Converts a database error to an [`ApiError`] and logs it.
pub(crate) trait DbResultExt<T> {
    /// The same as `?`, for a result that is not returned at once.
    fn map_db_error(self) -> Result<T, ApiError>;
}

impl<T> DbResultExt<T> for Result<T, DbErr> {
    #[track_caller]
    fn map_db_error(self) -> Result<T, ApiError> {
        match self {
            Ok(value) => Ok(value),
            Err(error) => Err(ApiError::from(error)),
        }
    }
}
