//! Custom headers that a creditor adds to the webhooks of an endpoint, such as a gateway token.
//!
//! Owns the rules for names and values. Never sends a header. Names that identify the sender or the
//! content, or that control the connection, are reserved: receivers rely on the signature headers,
//! and a custom header must not enable request smuggling.

use std::collections::BTreeMap;

/// The maximum number of custom headers of one endpoint.
pub const MAX_HEADERS: usize = 10;
/// The maximum length of a name, in characters.
pub const NAME_MAX: usize = 64;
/// The maximum length of a value, in bytes.
pub const VALUE_MAX: usize = 1_024;

/// Names that the server sets itself, that control the connection (RFC 9110, section 7.6.1), or that
/// describe the original client.
const RESERVED: [&str; 29] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "date",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "origin",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "referer",
    "set-cookie",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "x-real-ip",
    "x-request-id",
];
/// Prefixes of further reserved names.
const RESERVED_PREFIXES: [&str; 4] = ["webhook-", "x-forwarded-", "sec-", "svix-"];

/// Why a header is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The name as it was sent. Empty if the error concerns the headers as a whole.
    pub name: String,
    /// What is wrong. The text follows the name.
    pub reason: String,
}

/// Checks all names and values and returns them with names in lower case.
///
/// # Errors
/// One [`Refused`] for each bad header, and one more if there are more than [`MAX_HEADERS`].
pub fn check(headers: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Vec<Refused>> {
    let mut refused = Vec::new();
    if headers.len() > MAX_HEADERS {
        refused.push(Refused {
            name: String::new(),
            reason: format!("must be at most {MAX_HEADERS} headers"),
        });
    }
    let mut checked = BTreeMap::new();
    for (name, value) in headers {
        let lower = name.to_ascii_lowercase();
        let known = checked.contains_key(&lower);
        match refusal(&lower, value) {
            Some(reason) => refused.push(Refused {
                name: name.clone(),
                reason,
            }),
            None if known => refused.push(Refused {
                name: name.clone(),
                reason: "is a duplicate: header names are not case-sensitive".to_owned(),
            }),
            None => {
                checked.insert(lower, value.clone());
            }
        }
    }
    if refused.is_empty() {
        Ok(checked)
    } else {
        Err(refused)
    }
}

fn refusal(lower: &str, value: &str) -> Option<String> {
    if lower.is_empty() || lower.len() > NAME_MAX || !lower.bytes().all(is_token) {
        return Some(format!(
            "must be a header name of 1 to {NAME_MAX} letters, digits and !#$%&'*+-.^_`|~"
        ));
    }
    let prefixed = RESERVED_PREFIXES
        .iter()
        .any(|prefix| lower.starts_with(prefix));
    if prefixed || RESERVED.contains(&lower) {
        return Some("is reserved and cannot be set".to_owned());
    }
    let visible = value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let trimmed = value.trim() == value;
    if value.is_empty() || value.len() > VALUE_MAX || !visible || !trimmed {
        return Some(format!(
            "must have a value of 1 to {VALUE_MAX} printable ASCII characters, without leading or trailing spaces"
        ));
    }
    None
}

/// `tchar` of RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn accepted_names_are_lowercased() {
        let checked = check(&of(&[("Authorization", "Bearer x"), ("X-Api-Key", "k")])).unwrap();
        assert_eq!(
            checked,
            of(&[("authorization", "Bearer x"), ("x-api-key", "k")])
        );
    }

    #[test]
    fn reserved_names_are_refused_in_any_case() {
        for name in [
            "Host",
            "content-LENGTH",
            "Transfer-Encoding",
            "webhook-id",
            "Webhook-Signature",
            "User-Agent",
            "TE",
            "X-Forwarded-For",
            "Proxy-Authorization",
            "Sec-Fetch-Site",
            "traceparent",
            "Connection",
        ] {
            let refused = check(&of(&[(name, "x")])).unwrap_err();
            assert_eq!(refused[0].name, name);
            assert_eq!(refused[0].reason, "is reserved and cannot be set");
        }
    }

    #[test]
    fn malformed_headers_are_refused() {
        for (name, value) in [
            ("x a", "1"),
            ("", "1"),
            ("x:y", "1"),
            ("x\r\nhost", "1"),
            ("é", "1"),
            ("x", ""),
            ("x", "a\r\nb: c"),
            ("x", "é"),
            ("x", " a"),
            ("x", "\u{7f}"),
        ] {
            assert_eq!(
                check(&of(&[(name, value)])).unwrap_err().len(),
                1,
                "{name:?}: {value:?}"
            );
        }
        assert!(check(&of(&[("x", &"v".repeat(VALUE_MAX + 1))])).is_err());
        assert!(check(&of(&[(&"n".repeat(NAME_MAX + 1), "v")])).is_err());
        assert!(check(&of(&[("X-A", "1"), ("x-a", "2")])).is_err());
    }

    #[test]
    fn all_errors_are_reported_together() {
        let many: BTreeMap<_, _> = (0..=MAX_HEADERS)
            .map(|n| (format!("x-{n}"), "v".to_owned()))
            .collect();
        let mut wrong = many;
        wrong.insert("host".to_owned(), "v".to_owned());
        let refused = check(&wrong).unwrap_err();
        assert_eq!(refused.len(), 2, "{refused:?}");
    }
}
