//! Headers that a creditor adds to what its endpoint is sent, such as a gateway's token.
//!
//! Names that say who sends what, or how the connection is used, are ours: a receiver must be able
//! to rely on the signature's headers, and nobody must be able to smuggle a request.

use std::collections::BTreeMap;

/// Headers of one endpoint.
pub const MAX_HEADERS: usize = 10;
/// Characters of a name.
pub const NAME_MAX: usize = 64;
/// Bytes of a value.
pub const VALUE_MAX: usize = 1_024;

/// Set by us, or about the connection (RFC 9110, section 7.6.1), or about who asked first.
const OURS: [&str; 29] = [
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
/// The same, by their beginning.
const OUR_PREFIXES: [&str; 4] = ["webhook-", "x-forwarded-", "sec-", "svix-"];

/// Why headers are refused: the name at fault, where there is one, and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// As it was sent; empty for all together.
    pub name: String,
    /// What is wrong.
    pub reason: String,
}

/// Checks names and values, all of them. Names come out in lower case.
///
/// # Errors
/// [`Refused`], one for each header at fault.
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
                reason: "is given twice: names are compared without case".to_owned(),
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
    let prefixed = OUR_PREFIXES.iter().any(|prefix| lower.starts_with(prefix));
    if prefixed || OURS.contains(&lower) {
        return Some("is a header that only we set".to_owned());
    }
    let visible = value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let trimmed = value.trim() == value;
    if value.is_empty() || value.len() > VALUE_MAX || !visible || !trimmed {
        return Some(format!(
            "must have a value of 1 to {VALUE_MAX} printable ASCII characters, without spaces at its ends"
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
    fn a_gateways_token_is_taken_with_its_name_in_lower_case() {
        let checked = check(&of(&[("Authorization", "Bearer x"), ("X-Api-Key", "k")])).unwrap();
        assert_eq!(
            checked,
            of(&[("authorization", "Bearer x"), ("x-api-key", "k")])
        );
    }

    #[test]
    fn what_is_ours_is_refused_in_any_case() {
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
            assert_eq!(refused[0].reason, "is a header that only we set");
        }
    }

    #[test]
    fn nothing_can_be_smuggled() {
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
    fn all_that_is_wrong_is_said_at_once() {
        let many: BTreeMap<_, _> = (0..=MAX_HEADERS)
            .map(|n| (format!("x-{n}"), "v".to_owned()))
            .collect();
        let mut wrong = many;
        wrong.insert("host".to_owned(), "v".to_owned());
        let refused = check(&wrong).unwrap_err();
        assert_eq!(refused.len(), 2, "{refused:?}");
    }
}
