//! What a failed exchange failed of, told by the types in the error's chain, never by its words.

use std::error::Error;
use std::io;

use super::resolver::ResolveError;
use crate::domain::retry::FailureCause;
use crate::domain::safe_address::UnsafeUrl;

/// `ENFILE` and `EMFILE`.
const OUT_OF_FILES: [i32; 2] = [23, 24];

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Ours: nothing was sent.
    OutOfSockets,
    /// Theirs, with the innermost error's own words where they may be shown.
    Failed {
        cause: FailureCause,
        detail: Option<String>,
    },
}

/// The cause of a client's error.
pub(super) fn of(error: &reqwest::Error) -> Trouble {
    for link in chain(error) {
        if let Some(refused) = link.downcast_ref::<ResolveError>() {
            return of_resolving(refused);
        }
        let broken = link.downcast_ref::<io::Error>().map(innermost);
        let code = broken.and_then(io::Error::raw_os_error);
        if code.is_some_and(|code| OUT_OF_FILES.contains(&code)) {
            return Trouble::OutOfSockets;
        }
    }
    let detail = chain(error).last().map(ToString::to_string);
    Trouble::Failed {
        cause: of_connection(error),
        detail,
    }
}

/// An address that was refused is not shown: it may be one of our own network.
fn of_resolving(refused: &ResolveError) -> Trouble {
    let cause = match refused {
        ResolveError::Unsafe(UnsafeUrl::NoAddress) | ResolveError::Unknown(_) => {
            FailureCause::Resolve
        }
        ResolveError::Unsafe(_) => FailureCause::UnsafeAddress,
    };
    Trouble::Failed {
        cause,
        detail: None,
    }
}

fn of_connection(error: &reqwest::Error) -> FailureCause {
    if error.is_timeout() {
        return FailureCause::Timeout;
    }
    let broken = chain(error)
        .find_map(|link| link.downcast_ref::<io::Error>())
        .map(innermost);
    match broken.map(io::Error::kind) {
        // Before a request is out, these two are how rustls reports through an `io::Error`.
        Some(io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) if error.is_connect() => {
            FailureCause::Tls
        }
        Some(_) => FailureCause::Connect,
        None if error.is_connect() => FailureCause::Connect,
        None => FailureCause::Protocol,
    }
}

/// An `io::Error` may wrap another one, which its `source` skips.
fn innermost(error: &io::Error) -> &io::Error {
    match error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<io::Error>())
    {
        Some(inner) => innermost(inner),
        None => error,
    }
}

type Link<'a> = &'a (dyn Error + 'static);

fn chain(error: &reqwest::Error) -> impl Iterator<Item = Link<'_>> {
    fn next<'a>(link: &Link<'a>) -> Option<Link<'a>> {
        (*link).source()
    }
    std::iter::successors(Some(error as Link<'_>), next)
}
