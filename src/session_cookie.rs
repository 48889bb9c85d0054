//! The session cookie of the dashboard.
//!
//! Scripts cannot read it, and other sites cannot send it. In production it is never sent over plain HTTP. A sandbox is
//! reached over plain HTTP on loopback, and not every browser keeps a `Secure` cookie there.

use actors::Mode;
use axum::http::{HeaderMap, HeaderValue, header};

use crate::extract::credentials::SESSION_COOKIE;

/// The most folders of a path in which cookies are deleted.
const MAX_FOLDERS: usize = 8;

/// The cookie that stores the session token until the browser closes. The server decides when the session expires.
///
/// `None` if the token is not a valid header value.
pub(crate) fn set(token: &str, mode: Mode) -> Option<HeaderValue> {
    let secure = match mode {
        Mode::Production => "; Secure",
        Mode::Sandbox => "",
    };
    render(&format!("{SESSION_COOKIE}={token}; Path=/{secure}"))
}

/// The cookie that deletes the session token in the browser.
pub(crate) fn clear() -> Option<HeaderValue> {
    expired_at("/")
}

/// Deletes the cookies of this name on every path from which a browser would send them to `path`. A script or another
/// server on this host may have set them.
pub(crate) fn clear_everywhere(headers: &mut HeaderMap, path: &str) {
    let ends = path.match_indices('/').map(|(index, _)| index);
    let folders = ends.filter(|end| *end > 0).map(|end| &path[..end]);
    for folder in std::iter::once("/").chain(folders.take(MAX_FOLDERS)) {
        if let Some(cookie) = expired_at(folder) {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
}

fn expired_at(path: &str) -> Option<HeaderValue> {
    render(&format!("{SESSION_COOKIE}=; Max-Age=0; Path={path}"))
}

fn render(text: &str) -> Option<HeaderValue> {
    let text = format!("{text}; HttpOnly; SameSite=Lax");
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookie_carries_the_attributes_of_its_mode() {
        assert_eq!(
            set("cs_x", Mode::Production).unwrap(),
            "mc_session=cs_x; Path=/; Secure; HttpOnly; SameSite=Lax"
        );
        assert_eq!(
            set("cs_x", Mode::Sandbox).unwrap(),
            "mc_session=cs_x; Path=/; HttpOnly; SameSite=Lax"
        );
        assert_eq!(
            clear().unwrap(),
            "mc_session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"
        );
        assert!(set("a\nb", Mode::Sandbox).is_none());
    }
}
