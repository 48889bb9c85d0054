//! The session cookie of the dashboard.
//!
//! Scripts cannot read it, other sites cannot send it, and it is never sent over plain HTTP. Browsers treat loopback as
//! secure, so the cookie also works in a local sandbox.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::extract::credentials::SESSION_COOKIE;

/// The most folders of a path in which cookies are deleted.
const MAX_FOLDERS: usize = 8;

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

/// Deletes the cookies of this name on every path from which a browser would send them to `path`. A script or another
/// server on this host may have set them.
pub(crate) fn clear_everywhere(headers: &mut HeaderMap, path: &str) {
    let ends = path.match_indices('/').map(|(index, _)| index);
    let folders = ends.filter(|end| *end > 0).map(|end| &path[..end]);
    for folder in std::iter::once("/").chain(folders.take(MAX_FOLDERS)) {
        let cookie = render_at(&format!("{SESSION_COOKIE}=; Max-Age=0"), folder);
        if let Some(cookie) = cookie {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
}

fn render(pair: &str) -> Option<HeaderValue> {
    render_at(pair, "/")
}

fn render_at(pair: &str, path: &str) -> Option<HeaderValue> {
    let text = format!("{pair}; Path={path}; Secure; HttpOnly; SameSite=Lax");
    let mut value = HeaderValue::from_str(&text).ok()?;
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
