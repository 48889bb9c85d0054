//! Faults that tests inject below everything that uses the database. In other builds this is empty.

use std::future::Future;

use crate::Result;

/// Where a fault can be injected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Point {
    /// The begin of a transaction.
    Begin,
    /// A statement in a transaction, or a read outside of one.
    Statement,
    /// A statement outside of a transaction, on a connection for changes.
    Write,
    /// The commit of a transaction.
    Commit,
    /// The explicit rollback of a transaction.
    Rollback,
}

#[cfg(not(feature = "fault-injection"))]
mod imp {
    use super::{Future, Point, Result};

    #[derive(Clone, Debug, Default)]
    pub struct Faults;

    impl Faults {
        pub(crate) fn around<T>(
            &self,
            _: Point,
            answer: impl Future<Output = Result<T>> + Send,
        ) -> impl Future<Output = Result<T>> + Send {
            answer
        }
    }
}

#[cfg(feature = "fault-injection")]
mod imp {
    use std::sync::{Arc, Mutex, PoisonError};

    use super::super::cause::{Cause, OwnError};
    use super::{Future, Point, Result};

    /// What happens at a point.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum Fault {
        /// The statement fails with this cause and is not executed.
        Refused(Cause),
        /// The connection breaks before the statement is executed.
        LostBefore,
        /// The statement is executed, and the connection breaks before its answer.
        LostAfter,
        /// The statement is not executed, and its answer never arrives.
        Hangs,
        /// The statement is executed, and its answer never arrives.
        AnswerHangs,
    }

    /// Decides about each point, in the order in which they are reached.
    type Plan = Box<dyn FnMut(Point) -> Option<Fault> + Send>;

    /// The faults of one database. Clones share them.
    #[derive(Clone, Default)]
    pub struct Faults(Arc<Mutex<Option<Plan>>>);

    impl std::fmt::Debug for Faults {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("Faults")
        }
    }

    impl Faults {
        /// Asks `plan` at every point from now on.
        pub fn inject(&self, plan: impl FnMut(Point) -> Option<Fault> + Send + 'static) {
            *self.plan() = Some(Box::new(plan));
        }

        /// Ends the faults. Statements that hang keep hanging.
        pub fn end(&self) {
            *self.plan() = None;
        }

        fn plan(&self) -> std::sync::MutexGuard<'_, Option<Plan>> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }

        pub(crate) async fn around<T>(
            &self,
            point: Point,
            answer: impl Future<Output = Result<T>> + Send,
        ) -> Result<T> {
            let fault = self.plan().as_mut().and_then(|plan| plan(point));
            match fault {
                None => answer.await,
                Some(Fault::Refused(cause)) => Err(OwnError::Injected(cause).into()),
                Some(Fault::LostBefore) => Err(OwnError::Injected(Cause::Lost).into()),
                Some(Fault::LostAfter) => {
                    answer.await?;
                    Err(OwnError::Injected(Cause::Lost).into())
                }
                Some(Fault::Hangs) => std::future::pending().await,
                Some(Fault::AnswerHangs) => {
                    answer.await?;
                    std::future::pending().await
                }
            }
        }
    }
}

pub use imp::*;
