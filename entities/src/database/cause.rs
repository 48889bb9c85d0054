//! What an error of the database means for its caller, its connection and the outcome of its statement.

use sea_orm::sqlx::{self, sqlite::SqliteError};
use sea_orm::{DbErr, RuntimeErr};
use thiserror::Error;

/// What the caller of a failed statement or commit can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nothing was changed, and a retry can succeed: the database is unreachable, busy, full or read-only.
    Transient,
    /// A change may or may not have taken effect, because its answer never arrived.
    OutcomeUnknown,
    /// Every retry fails in the same way.
    Permanent,
}

/// Classifies an error by its cause.
#[must_use]
pub fn failure_of(error: &DbErr) -> Failure {
    match Cause::of(error) {
        Cause::Ambiguous => Failure::OutcomeUnknown,
        Cause::Permanent => Failure::Permanent,
        Cause::Lost | Cause::Unavailable | Cause::Exhausted | Cause::Busy => Failure::Transient,
    }
}

/// The cause of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// No answer: the connection broke, or the answer did not arrive in time. The statement may have been executed.
    Lost,
    /// The answer to a change or a commit was lost, so that its outcome is unknown.
    Ambiguous,
    /// The server is shutting down, accepts no writes, or cannot be reached. The statement was not executed.
    Unavailable,
    /// The disk or the memory is full. The statement was not executed.
    Exhausted,
    /// A lock or a connection was not available in time. The statement was not executed.
    Busy,
    /// A rule was violated, or the statement is wrong.
    Permanent,
}

/// Errors that this program adds to those of the driver.
#[derive(Debug, Error)]
pub(super) enum OwnError {
    #[error("the database did not answer within {0} ms")]
    NoAnswer(u128),
    #[error("the outcome is unknown: {0}")]
    OutcomeUnknown(DbErr),
    #[cfg(feature = "fault-injection")]
    #[error("injected by a test: {0:?}")]
    Injected(Cause),
}

impl From<OwnError> for DbErr {
    fn from(error: OwnError) -> Self {
        let error = sqlx::Error::AnyDriverError(Box::new(error));
        Self::Query(RuntimeErr::SqlxError(error.into()))
    }
}

impl Cause {
    pub(super) fn of(error: &DbErr) -> Self {
        match error {
            // The wait for a free connection, and for a new one, has a time limit.
            DbErr::ConnectionAcquire(_) => Self::Busy,
            DbErr::Conn(_) => Self::Unavailable,
            DbErr::Exec(RuntimeErr::SqlxError(cause))
            | DbErr::Query(RuntimeErr::SqlxError(cause)) => Self::of_driver(cause),
            _ => Self::Permanent,
        }
    }

    fn of_driver(error: &sqlx::Error) -> Self {
        use sqlx::Error;
        match error {
            Error::Database(refusal) => {
                let code = refusal.code();
                let code = code.as_deref().unwrap_or_default();
                if refusal.try_downcast_ref::<SqliteError>().is_some() {
                    Self::of_sqlite(code)
                } else {
                    Self::of_postgres(code)
                }
            }
            Error::AnyDriverError(own) => match own.downcast_ref::<OwnError>() {
                Some(OwnError::NoAnswer(_)) => Self::Lost,
                Some(OwnError::OutcomeUnknown(_)) => Self::Ambiguous,
                #[cfg(feature = "fault-injection")]
                Some(OwnError::Injected(cause)) => *cause,
                None => Self::Permanent,
            },
            Error::PoolTimedOut => Self::Busy,
            // The first two mean that the connection already had an open transaction.
            Error::InvalidSavePointStatement | Error::BeginFailed | Error::PoolClosed => {
                Self::Unavailable
            }
            Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::WorkerCrashed => Self::Lost,
            _ => Self::Permanent,
        }
    }

    /// Classifies a result code of SQLite (<https://sqlite.org/rescode.html>). The low byte is the primary code.
    fn of_sqlite(code: &str) -> Self {
        let Ok(code) = code.parse::<u32>() else {
            return Self::Permanent;
        };
        match code & 0xff {
            // BUSY, LOCKED.
            5 | 6 => Self::Busy,
            // IOERR. The commit may be in the file although its sync failed.
            10 => Self::Lost,
            // READONLY, INTERRUPT, CANTOPEN.
            8 | 9 | 14 => Self::Unavailable,
            // NOMEM, FULL.
            7 | 13 => Self::Exhausted,
            _ => Self::Permanent,
        }
    }

    /// Classifies an error code of Postgres (its manual, appendix A).
    fn of_postgres(code: &str) -> Self {
        const CAUSES: &[(&str, Cause)] = &[
            ("08", Cause::Lost),           // connection exceptions
            ("0A000", Cause::Unavailable), // a prepared statement whose table a newer version has changed
            ("25006", Cause::Unavailable), // read-only transaction
            ("25P03", Cause::Unavailable), // idle in transaction for too long
            ("40001", Cause::Busy),        // serialization failure
            ("40P01", Cause::Busy),        // deadlock
            ("53300", Cause::Busy),        // too many connections
            ("53", Cause::Exhausted),      // insufficient resources: disk full, out of memory
            ("55P03", Cause::Busy),        // lock not available
            ("57014", Cause::Busy),        // statement cancelled
            ("57P", Cause::Lost),          // shutting down, crashed, starting
            ("58030", Cause::Lost),        // I/O error
        ];
        let listed = CAUSES.iter().find(|(prefix, _)| code.starts_with(prefix));
        listed.map_or(Self::Permanent, |(_, cause)| *cause)
    }

    /// Whether the connection must be closed, because its state is unknown or another server may be better.
    pub(super) fn breaks_connection(self) -> bool {
        match self {
            Self::Lost | Self::Ambiguous | Self::Unavailable | Self::Exhausted => true,
            Self::Busy | Self::Permanent => false,
        }
    }

    /// Whether the statement of any other caller would fail, too.
    pub(super) fn refuses_everybody(self) -> bool {
        self.breaks_connection()
    }
}

/// Marks the error of a commit, or of a change outside a transaction. If its answer was lost, the outcome is unknown.
pub(super) fn of_change(error: DbErr) -> DbErr {
    match Cause::of(&error) {
        Cause::Lost => OwnError::OutcomeUnknown(error).into(),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_postgres_has_its_cause() {
        for (code, cause) in [
            ("08006", Cause::Lost),
            ("25006", Cause::Unavailable),
            ("23505", Cause::Permanent),
            ("25P02", Cause::Permanent),
            ("53100", Cause::Exhausted),
            ("53200", Cause::Exhausted),
            ("53300", Cause::Busy),
            ("57014", Cause::Busy),
            ("57P01", Cause::Lost),
            ("57P02", Cause::Lost),
            ("57P03", Cause::Lost),
            ("", Cause::Permanent),
        ] {
            assert_eq!(Cause::of_postgres(code), cause, "{code}");
        }
    }

    #[test]
    fn every_code_of_sqlite_has_its_cause() {
        for (code, cause) in [
            ("5", Cause::Busy),
            ("517", Cause::Busy), // SQLITE_BUSY_SNAPSHOT
            ("7", Cause::Exhausted),
            ("13", Cause::Exhausted),
            ("8", Cause::Unavailable),
            ("9", Cause::Unavailable),
            ("10", Cause::Lost),
            ("1034", Cause::Lost), // SQLITE_IOERR_FSYNC
            ("14", Cause::Unavailable),
            ("2067", Cause::Permanent), // SQLITE_CONSTRAINT_UNIQUE
            ("x", Cause::Permanent),
        ] {
            assert_eq!(Cause::of_sqlite(code), cause, "{code}");
        }
    }

    #[test]
    fn lost_answer_of_a_change_makes_its_outcome_unknown() {
        let lost = || DbErr::from(OwnError::NoAnswer(1));
        assert_eq!(failure_of(&lost()), Failure::Transient);
        assert_eq!(failure_of(&of_change(lost())), Failure::OutcomeUnknown);
        let permanent = DbErr::Custom("no".to_owned());
        assert_eq!(failure_of(&of_change(permanent)), Failure::Permanent);
    }
}
