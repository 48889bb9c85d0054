//! The dashboard's cookie: out of reach for scripts, not sent along from other sites, never over plain HTTP.
//!
//! Browsers take loopback for a secure place, so the sandbox's dashboard works there as well.

use axum::http::HeaderValue;

use crate::extract::credentials::SESSION_COOKIE;

/// Keeps the session until the browser closes; the server ends it earlier or later as it sees fit.
pub(crate) fn set(token: &str) -> Option<HeaderValue> {
    render(&format!("{SESSION_COOKIE}={token}"))
}

/// Forgets the session.
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
    fn it_carries_every_protection() {
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
