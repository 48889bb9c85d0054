//! The one log line of a request: its status and latency, its caller, and the code of its error.
//!
//! A flood of the same refusal is counted instead of repeated: a few lines a second for each code, then one line with
//! the number of the others. Never logs a body, a query string, a header or a credential.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use actors::ids::CreditorId;
use axum::http::Method;
use axum::response::Response;

use super::client_address::ClientAddress;
use crate::error::Code;

/// The most lines a second about refusals with one code.
const LINES_A_SECOND: u32 = 20;
const WINDOW: Duration = Duration::from_secs(1);
/// The route that load balancers call every few seconds.
const LIVENESS: &str = "/health";

/// The caller of a request, in the extensions of its response.
#[derive(Debug, Clone)]
pub(crate) struct LoggedCaller {
    /// The creditor, if the caller is authenticated.
    pub(crate) creditor: Option<CreditorId>,
    /// The actor of the audit log, e.g. `api_key:` and the prefix of the key. Also for a key that was refused.
    pub(crate) actor: String,
}

/// The method as it is logged. A client can send any word of any length.
pub(super) fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The counts of refusals that were not logged.
#[derive(Debug, Clone, Default)]
pub(crate) struct RefusalCounts(Arc<Mutex<HashMap<&'static str, Count>>>);

#[derive(Debug)]
struct Count {
    since: Instant,
    logged: u32,
    suppressed: u32,
}

/// What happens to the line of a refusal.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    Written,
    /// Only counted. It is the first one since the last line with a count.
    FirstCounted,
    Counted,
}

impl RefusalCounts {
    fn admit(&self, code: &'static str, now: Instant) -> Line {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(code).or_insert(Count {
            since: now,
            logged: 0,
            suppressed: 0,
        });
        if now.duration_since(count.since) >= WINDOW {
            (count.since, count.logged) = (now, 0);
        }
        if count.logged < LINES_A_SECOND {
            count.logged += 1;
            return Line::Written;
        }
        count.suppressed = count.suppressed.saturating_add(1);
        match count.suppressed {
            1 => Line::FirstCounted,
            _ => Line::Counted,
        }
    }

    /// How many had no line since the last call.
    fn take_suppressed(&self, code: &'static str) -> u32 {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.get_mut(code);
        count.map_or(0, |count| std::mem::take(&mut count.suppressed))
    }

    /// Returns whether the refusal may have a line of its own. Otherwise a later line counts it.
    fn may_log(&self, code: &'static str) -> bool {
        match self.admit(code, Instant::now()) {
            Line::Written => true,
            Line::Counted => false,
            Line::FirstCounted => {
                let counts = self.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(WINDOW).await;
                    let suppressed = counts.take_suppressed(code);
                    tracing::info!(
                        code,
                        suppressed,
                        "more requests were refused than are logged"
                    );
                });
                false
            }
        }
    }
}

/// Logs the end of a request.
pub(super) fn log_end(counts: &RefusalCounts, route: &str, response: &Response, started: Instant) {
    let status = response.status().as_u16();
    let latency_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let extensions = response.extensions();
    let code = extensions.get::<Code>().map(|code| code.as_str());
    let caller = extensions.get::<LoggedCaller>();
    let creditor_id = caller
        .and_then(|caller| caller.creditor)
        .map(tracing::field::display);
    let actor = caller.map(|caller| caller.actor.as_str());
    let client: Option<IpAddr> = extensions.get::<ClientAddress>().map(|address| address.0);
    let client = client.map(tracing::field::display);
    let refusal = code.filter(|_| (400..500).contains(&status));
    if refusal.is_some_and(|code| !counts.may_log(code)) {
        return;
    }
    // The level of a log line is a constant.
    macro_rules! log {
        ($level:ident) => {
            tracing::$level!(
                status,
                latency_us,
                creditor_id,
                actor,
                client,
                code,
                "request completed"
            )
        };
    }
    match status {
        500 => log!(error),
        501.. => log!(warn),
        _ if route == LIVENESS => log!(debug),
        _ => log!(info),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flood_of_one_code_is_counted() {
        let (counts, began) = (RefusalCounts::default(), Instant::now());
        for n in 0..100 {
            let expected = match n {
                0..20 => Line::Written,
                20 => Line::FirstCounted,
                _ => Line::Counted,
            };
            assert_eq!(counts.admit("rate_limited", began), expected, "{n}");
        }
        let other = counts.admit("invalid_api_key", began);
        assert_eq!(other, Line::Written, "other codes are not affected");
        assert_eq!(counts.admit("rate_limited", began + WINDOW), Line::Written);
        assert_eq!(counts.take_suppressed("rate_limited"), 80);
        assert_eq!(counts.take_suppressed("rate_limited"), 0);
    }

    #[test]
    fn unusual_method_is_not_logged() {
        assert_eq!(method_name(&Method::PATCH), "PATCH");
        let long = Method::from_bytes("A".repeat(60_000).as_bytes()).unwrap();
        assert_eq!(method_name(&long), "other");
    }
}
