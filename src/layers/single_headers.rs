//! Rejects requests with more than one line of a header of which only one can count.
//!
//! Whichever line the server used, a proxy or another server in front of it could use the other one. Never changes a
//! request.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, Version, header};
use axum::response::{IntoResponse as _, Response};

use crate::error::{HttpError, PartnerError};
use crate::extract::credentials::session_cookies;
use crate::session_cookie;

/// The headers of which a request may have at most one line.
const AT_MOST_ONCE: [HeaderName; 2] = [
    header::AUTHORIZATION,
    HeaderName::from_static("idempotency-key"),
];
/// The route that load balancers may call with HTTP/1.0 and without `Host`.
const LIVENESS: &str = "/health";

/// The response 400 `bad_request` that names the header, or `None` if the request has no such problem.
pub(crate) fn refusal(request: &Request) -> Option<Response> {
    let headers = request.headers();
    for name in AT_MOST_ONCE {
        if headers.get_all(&name).iter().count() > 1 {
            let name = if name == header::AUTHORIZATION {
                "Authorization"
            } else {
                "Idempotency-Key"
            };
            return Some(refused(format!("send the header {name} only once")));
        }
    }
    if let Some(detail) = host_problem(request) {
        return Some(refused(detail.to_owned()));
    }
    if session_cookies(headers).count() > 1 {
        let mut response = refused(
            "several cookies named mc_session were sent; all of them are deleted, so sign in again"
                .to_owned(),
        );
        session_cookie::clear_everywhere(response.headers_mut(), request.uri().path());
        return Some(response);
    }
    None
}

fn refused(detail: String) -> Response {
    let response = PartnerError::from(HttpError::BadHeader { detail }).into_response();
    debug_assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    response
}

/// What is wrong with `Host`. In HTTP/2 the request may have `:authority` instead, and both must agree.
fn host_problem(request: &Request) -> Option<&'static str> {
    let mut lines = request.headers().get_all(header::HOST).iter();
    let (first, second) = (lines.next(), lines.next());
    if second.is_some() {
        return Some("send the header Host only once");
    }
    if request.version() == Version::HTTP_2 {
        let authority = request
            .uri()
            .authority()
            .map(axum::http::uri::Authority::as_str);
        return match (authority, first.map(HeaderValue::as_bytes)) {
            (None, None) => Some("send :authority or the header Host"),
            (Some(authority), Some(host)) if !authority.as_bytes().eq_ignore_ascii_case(host) => {
                Some("the header Host and :authority must be the same")
            }
            _ => None,
        };
    }
    let may_lack = request.version() == Version::HTTP_10 && request.uri().path() == LIVENESS;
    (first.is_none() && !may_lack).then_some("send the header Host")
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn refused_for(version: Version, uri: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().version(version).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        refusal(&request.body(Body::empty()).unwrap()).is_some()
    }

    #[test]
    fn repeated_header_is_refused() {
        for name in ["authorization", "idempotency-key", "host"] {
            let once = [("host", "a"), (name, "x")];
            let once = if name == "host" {
                &once[..1]
            } else {
                &once[..]
            };
            assert!(
                !refused_for(Version::HTTP_11, "/v1/settings", once),
                "{name}"
            );
            let twice = [once, &[(name, "x")]].concat();
            assert!(
                refused_for(Version::HTTP_11, "/v1/settings", &twice),
                "{name}"
            );
        }
    }

    #[test]
    fn host_is_required_except_for_liveness_by_http_1_0() {
        assert!(refused_for(Version::HTTP_11, "/health", &[]));
        assert!(refused_for(Version::HTTP_10, "/v1/settings", &[]));
        assert!(!refused_for(Version::HTTP_10, "/health", &[]));
    }

    #[test]
    fn authority_and_host_of_http2_must_agree() {
        let uri = "http://api.test/health";
        assert!(!refused_for(Version::HTTP_2, uri, &[]));
        assert!(!refused_for(Version::HTTP_2, uri, &[("host", "API.test")]));
        assert!(refused_for(Version::HTTP_2, uri, &[("host", "other.test")]));
        assert!(refused_for(Version::HTTP_2, "/health", &[]));
    }

    #[test]
    fn two_session_cookies_are_refused_and_deleted() {
        for cookies in [
            &[("cookie", "mc_session=a; mc_session=b")][..],
            &[("cookie", "mc_session=a"), ("cookie", "x=1; mc_session=b")],
        ] {
            let mut request = Request::builder().uri("/v1/settings").header("host", "a");
            for (name, value) in cookies {
                request = request.header(*name, *value);
            }
            let response = refusal(&request.body(Body::empty()).unwrap()).unwrap();
            let deleted: Vec<_> = response
                .headers()
                .get_all(header::SET_COOKIE)
                .iter()
                .collect();
            let ends = |cookie: &&HeaderValue| cookie.to_str().unwrap().contains("Max-Age=0");
            assert!(deleted.len() >= 2 && deleted.iter().all(ends));
        }
    }
}
