//! The dashboard's cookie: out of reach for scripts, not sent along from other sites.

use actors::Mode;
use axum::http::HeaderValue;

use crate::extract::credentials::SESSION_COOKIE;

/// Keeps the session until the browser closes; the server ends it earlier or later as it sees fit.
pub(super) fn set(token: &str, mode: Mode) -> Option<HeaderValue> {
    render(&format!("{SESSION_COOKIE}={token}"), mode)
}

/// Forgets the session.
pub(super) fn clear(mode: Mode) -> Option<HeaderValue> {
    render(&format!("{SESSION_COOKIE}=; Max-Age=0"), mode)
}

/// `Secure` only in production: a sandbox is served over plain HTTP, where a browser would drop such a cookie.
fn render(pair: &str, mode: Mode) -> Option<HeaderValue> {
    let secure = if mode == Mode::Production {
        "; Secure"
    } else {
        ""
    };
    let mut value =
        HeaderValue::from_str(&format!("{pair}; Path=/; HttpOnly; SameSite=Lax{secure}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secure_in_production_only() {
        assert_eq!(
            set("cs_x", Mode::Sandbox).unwrap(),
            "mc_session=cs_x; Path=/; HttpOnly; SameSite=Lax"
        );
        assert!(
            set("cs_x", Mode::Production)
                .unwrap()
                .to_str()
                .unwrap()
                .ends_with("; Secure")
        );
        assert!(set("a\nb", Mode::Sandbox).is_none());
    }
}
