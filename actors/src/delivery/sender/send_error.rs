//! Classifies the errors of the HTTP client, by the types in the error's source chain and never by its
//! text.

use std::error::Error;
use std::io;

use super::resolver::ResolveError;
use crate::domain::retry::FailureCause;
use crate::domain::safe_address::UnsafeUrl;

/// `ENFILE` and `EMFILE`: no free file descriptors.
const FD_LIMIT_ERRNOS: [i32; 2] = [23, 24];

/// Why there is no complete response.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SendError {
    /// This process has no free file descriptors and sent nothing.
    OutOfFileDescriptors,
    /// The network or the receiver failed. `detail` is the innermost error's text, if it may be shown.
    Failed {
        cause: FailureCause,
        detail: Option<String>,
    },
}

/// Classifies an error of the client.
pub(super) fn of(error: &reqwest::Error) -> SendError {
    for link in chain(error) {
        if let Some(refused) = link.downcast_ref::<ResolveError>() {
            return of_resolving(refused);
        }
        let broken = link.downcast_ref::<io::Error>().map(innermost);
        let code = broken.and_then(io::Error::raw_os_error);
        if code.is_some_and(|code| FD_LIMIT_ERRNOS.contains(&code)) {
            return SendError::OutOfFileDescriptors;
        }
    }
    let detail = chain(error).last().map(ToString::to_string);
    SendError::Failed {
        cause: of_connection(error),
        detail,
    }
}

/// Omits the refused address, because it may belong to our own network.
fn of_resolving(refused: &ResolveError) -> SendError {
    let cause = match refused {
        ResolveError::Unsafe(UnsafeUrl::NoAddress) | ResolveError::Unknown(_) => {
            FailureCause::Resolve
        }
        ResolveError::Unsafe(_) => FailureCause::UnsafeAddress,
    };
    SendError::Failed {
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
    match broken {
        Some(broken) => of_io(broken, error.is_connect()),
        None if error.is_connect() || is_closed_by_receiver(error) => FailureCause::Connect,
        None => FailureCause::Protocol,
    }
}

/// rustls also reports its errors as `io::Error`. So does the client for a body that is not valid
/// HTTP.
fn of_io(broken: &io::Error, connecting: bool) -> FailureCause {
    let of_tls = broken
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match broken.kind() {
        _ if of_tls.is_some() => FailureCause::Tls,
        io::ErrorKind::UnexpectedEof if connecting => FailureCause::Tls,
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => FailureCause::Protocol,
        _ => FailureCause::Connect,
    }
}

/// Returns whether the receiver closed the connection before or during its response, or ended the
/// stream or connection in HTTP/2.
fn is_closed_by_receiver(error: &reqwest::Error) -> bool {
    chain(error).any(|link| {
        link.downcast_ref().is_some_and(is_closed)
            || link.downcast_ref().is_some_and(h2::Error::is_remote)
    })
}

/// Returns whether the connection ended before the head of a response, without a sign that the receiver has handled the
/// request.
pub(super) fn is_closed_unanswered(error: &reqwest::Error) -> bool {
    let refused = |error: &h2::Error| {
        error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM)
    };
    let reset = |error: &io::Error| {
        let kind = innermost(error).kind();
        matches!(
            kind,
            io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
        )
    };
    let of_end = |link: Link<'_>| {
        link.downcast_ref().is_some_and(is_closed)
            || link.downcast_ref().is_some_and(refused)
            || link.downcast_ref().is_some_and(reset)
    };
    !error.is_connect() && chain(error).any(of_end)
}

fn is_closed(error: &hyper::Error) -> bool {
    error.is_incomplete_message() || error.is_canceled() || error.is_closed()
}

/// An `io::Error` may wrap another one that its `source` skips.
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
