//! The conversion of database errors to API errors. It logs the cause and the call site.

use entities::{DbErr, Failure};

use super::error::ApiError;

impl From<DbErr> for ApiError {
    /// Maps transient errors to `Overloaded`, so that the caller retries, changes without an answer to `OutcomeUnknown`,
    /// and all others to `Internal`. The call site is that of the `?`, because the standard library tracks the caller
    /// there, too.
    #[track_caller]
    fn from(error: DbErr) -> Self {
        let at = std::panic::Location::caller();
        match entities::failure_of(&error) {
            Failure::Transient => {
                // The pool logs the outage.
                tracing::debug!(%error, location = %at, "a database statement failed");
                Self::Overloaded
            }
            Failure::OutcomeUnknown => {
                tracing::warn!(%error, location = %at, "the outcome of a change is unknown");
                Self::OutcomeUnknown
            }
            Failure::Permanent => {
                tracing::error!(%error, location = %at, "a database statement failed");
                Self::Internal
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    struct At(u32);

    impl From<()> for At {
        #[track_caller]
        fn from((): ()) -> Self {
            Self(Location::caller().line())
        }
    }

    async fn fails() -> Result<u32, At> {
        let line = line!() + 1;
        Err(())?;
        Ok(line)
    }

    /// The conversion above relies on it, and the documentation of the language does not promise it.
    #[tokio::test]
    async fn question_mark_passes_its_location_to_from() {
        let expected = line!() - 7;
        assert_eq!(fails().await.map_err(|at| at.0), Err(expected));
    }
}
