//! The rate limit headers `RateLimit` and `RateLimit-Policy` (IETF draft), and the expiry header of a retiring key.
//!
//! Owns the format of the headers. Never computes a limit: admission reports the values.

use actors::LimitReport;
use axum::http::{HeaderMap, HeaderName, HeaderValue};

pub(crate) const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
pub(crate) const STATE: HeaderName = HeaderName::from_static("ratelimit");
/// The instant when a retiring key expires. Absent for other keys.
pub(crate) const KEY_EXPIRES: HeaderName = HeaderName::from_static("api-key-expires-at");

/// Writes both limits, as reported by the decision that admitted or refused this request.
pub(super) fn write(headers: &mut HeaderMap, report: &LimitReport) {
    let (key, tenant) = (&report.key, &report.tenant);
    let policy = format!(
        "\"key\";q={};w={}, \"tenant\";q={};w={}",
        key.quota, key.window_s, tenant.quota, tenant.window_s
    );
    let state = format!(
        "\"key\";r={};t={}, \"tenant\";r={};t={}",
        key.remaining, key.reset_s, tenant.remaining, tenant.reset_s
    );
    insert(headers, POLICY, policy);
    insert(headers, STATE, state);
}

/// Writes the expiry of a retiring key. Does nothing for other keys.
pub(super) fn write_expiry(headers: &mut HeaderMap, expires_at: Option<&str>) {
    if let Some(instant) = expires_at {
        insert(headers, KEY_EXPIRES, instant.to_owned());
    }
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use actors::LimitState;

    use super::*;

    #[test]
    fn headers_show_key_and_tenant_limits() {
        let state = |quota, remaining| LimitState {
            quota,
            window_s: 2,
            remaining,
            reset_s: 1,
        };
        let mut headers = HeaderMap::new();
        write(
            &mut headers,
            &LimitReport {
                key: state(40, 39),
                tenant: state(80, 79),
            },
        );
        assert_eq!(headers[POLICY], "\"key\";q=40;w=2, \"tenant\";q=80;w=2");
        assert_eq!(headers[STATE], "\"key\";r=39;t=1, \"tenant\";r=79;t=1");
    }
}
