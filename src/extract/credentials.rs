//! The credentials of a request. Their prefix tells their kind.
//!
//! Owns the reading of `Authorization` and of the dashboard's cookie. Never checks a credential and never logs one.

use axum::http::{HeaderMap, HeaderName, header};
use secrecy::SecretString;

/// The name of the dashboard's session cookie.
pub(crate) const SESSION_COOKIE: &str = "mc_session";
const SESSION_PREFIX: &str = "cs_";
const ONBOARDING_PREFIX: &str = "ot_";
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The credentials of a request.
pub(crate) enum Credentials {
    /// Any bearer token without a known prefix. Admission decides whether it is a valid key.
    ApiKey(SecretString),
    /// A dashboard session, from the bearer token or the cookie.
    Session {
        /// The session token.
        token: SecretString,
        /// Whether the token comes from the cookie, which browsers send automatically.
        by_cookie: bool,
    },
    /// The token of the onboarding wizard.
    Onboarding(SecretString),
    /// No credentials.
    NoCredential,
}

/// The session token of an authenticated request, for the routes that end the session.
#[derive(Clone)]
pub(crate) struct PresentedSession(pub(crate) SecretString);

impl Credentials {
    /// Reads the credentials. `Authorization` takes precedence over the cookie.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Self {
        match Self::bearer(headers) {
            Some(token) if token.starts_with(SESSION_PREFIX) => Self::Session {
                token: token.into(),
                by_cookie: false,
            },
            Some(token) if token.starts_with(ONBOARDING_PREFIX) => Self::Onboarding(token.into()),
            Some(key) => Self::ApiKey(key.into()),
            None => cookie(headers).map_or(Self::NoCredential, |token| Self::Session {
                token: token.into(),
                by_cookie: true,
            }),
        }
    }

    /// The token of `Authorization: Bearer`.
    pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
        let (scheme, token) = headers
            .get(header::AUTHORIZATION)?
            .to_str()
            .ok()?
            .split_once(' ')?;
        let token = token.trim();
        (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
    }
}

/// The session cookie. Ignored if a page of another origin caused the request, because `SameSite=Lax` also allows
/// requests from other ports of the same host.
fn cookie(headers: &HeaderMap) -> Option<&str> {
    let site = headers
        .get(FETCH_SITE)
        .and_then(|value| value.to_str().ok());
    if !matches!(site, None | Some("same-origin" | "none")) {
        return None;
    }
    session_cookies(headers).next()
}

/// The values of all cookies with the name of the session cookie.
pub(crate) fn session_cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(header::COOKIE).iter();
    let pairs = lines
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .filter(|(name, _)| *name == SESSION_COOKIE)
        .map(|(_, token)| token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presented(pairs: &[(HeaderName, &str)]) -> &'static str {
        let headers = pairs
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().unwrap()))
            .collect();
        match Credentials::from_headers(&headers) {
            Credentials::ApiKey(_) => "key",
            Credentials::Session { .. } => "session",
            Credentials::Onboarding(_) => "onboarding",
            Credentials::NoCredential => "nothing",
        }
    }

    #[test]
    fn prefix_determines_kind_of_credential() {
        let bearer = |text| presented(&[(header::AUTHORIZATION, text)]);
        assert_eq!(bearer("Bearer ca_abcdefgh_secret"), "key");
        assert_eq!(bearer("bearer cs_x"), "session");
        assert_eq!(bearer("Bearer ot_x"), "onboarding");
        assert_eq!(bearer("Bearer nonsense"), "key");
        assert_eq!(bearer("Basic Zm9v"), "nothing");
        assert_eq!(bearer("Bearer "), "nothing");
    }

    #[test]
    fn cookie_is_ignored_on_cross_origin_requests() {
        let cookie = (header::COOKIE, "theme=dark; mc_session=cs_x");
        assert_eq!(presented(std::slice::from_ref(&cookie)), "session");
        assert_eq!(
            presented(&[cookie.clone(), (FETCH_SITE, "same-origin")]),
            "session"
        );
        assert_eq!(
            presented(&[cookie.clone(), (FETCH_SITE, "same-site")]),
            "nothing"
        );
        assert_eq!(
            presented(&[cookie, (header::AUTHORIZATION, "Bearer ca_x")]),
            "key"
        );
    }
}
