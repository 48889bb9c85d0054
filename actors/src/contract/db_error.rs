//! A failing database is an answer: logged where it happened, told as what the caller can do.

use entities::DbErr;

use super::error::ApiError;

/// Turns a database's error into what the caller is told.
pub(crate) trait DbResultExt<T> {
    /// `Overloaded` where a retry may help, `Internal` where it is our bug.
    fn map_db_error(self) -> Result<T, ApiError>;
}

impl<T> DbResultExt<T> for Result<T, DbErr> {
    #[track_caller]
    fn map_db_error(self) -> Result<T, ApiError> {
        let at = std::panic::Location::caller();
        self.map_err(|error| {
            tracing::error!(%error, %at, "the database failed");
            if entities::is_transient(&error) {
                ApiError::Overloaded
            } else {
                ApiError::Internal
            }
        })
    }
}
