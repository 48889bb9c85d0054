//! The session cookie of the dashboard.
//!
//! Scripts cannot read it, other sites cannot send it, and it is never sent over plain HTTP. Browsers treat loopback as
//! secure, so the cookie also works in a local sandbox.

use axum::http::HeaderValue;

use crate::extract::credentials::SESSION_COOKIE;

/// The cookie that stores the session token until the browser closes. The server decides when the session expires.
///
/// `None` if the token is not a valid header value.
pub(crate) fn set(token: &str) -> Option<HeaderValue> {
    render(&format!("{SESSION_COOKIE}={token}"))
}

/// The cookie that deletes the session token in the browser.
pub(crate) fn clear() -> Option<HeaderValue> {
    render(&format!("{SESSION_COOKIE}=; Max-Age=0"))
}

fn render(pair: &str) -> Option<HeaderValue> {
    let mut value =
        HeaderValue::from_str(&format!("{pair}; Path=/; Secure; HttpOnly; SameSite=Lax")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookie_carries_every_protective_attribute() {
        let attributes = "; Path=/; Secure; HttpOnly; SameSite=Lax";
        assert_eq!(
            set("cs_x").unwrap(),
            format!("mc_session=cs_x{attributes}").as_str()
        );
        assert_eq!(
            clear().unwrap(),
            format!("mc_session=; Max-Age=0{attributes}").as_str()
        );
        assert!(set("a\nb").is_none());
    }
}
