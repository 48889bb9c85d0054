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
