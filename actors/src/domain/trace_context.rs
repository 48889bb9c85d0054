//! The `traceparent` header of W3C Trace Context (Recommendation of 23 November 2021, section 3.2).
//!
//! Owns the format. Never draws random ids: the caller passes their bytes.

use std::fmt;

/// The bytes of entropy that a new trace needs.
pub const TRACE_ENTROPY: usize = 24;
/// The version of every header that this service writes.
const VERSION: &str = "00";
/// The length of `00-` 32 hex `-` 16 hex `-` 2 hex.
const LENGTH: usize = 55;

/// A trace id, the id of the parent span, and the trace flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace: [u8; 16],
    span: [u8; 8],
    flags: u8,
}

impl TraceContext {
    /// Creates a new, sampled trace.
    #[must_use]
    pub fn new(entropy: [u8; TRACE_ENTROPY]) -> Self {
        let (mut trace, mut span) = ([0; 16], [0; 8]);
        trace.copy_from_slice(&entropy[..16]);
        span.copy_from_slice(&entropy[16..]);
        // Ids of zero are invalid.
        trace[15] |= u8::from(trace == [0; 16]);
        span[7] |= u8::from(span == [0; 8]);
        Self {
            trace,
            span,
            flags: 1,
        }
    }

    /// Parses a header. A later version may carry more fields after the flags. Returns `None` for a
    /// malformed header, which callers treat as absent.
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let known = header.get(..LENGTH)?;
        let rest = header.get(LENGTH..)?;
        let mut parts = known.split('-');
        let [version, trace, span, flags] =
            [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
        let [version] = bytes::<1>(version)?;
        let more_is_allowed = version != 0 && rest.starts_with('-');
        if version == 0xff || !(rest.is_empty() || more_is_allowed) {
            return None;
        }
        let (trace, span) = (bytes::<16>(trace)?, bytes::<8>(span)?);
        let [flags] = bytes::<1>(flags)?;
        // Only the sampled flag is defined in version 00, and only it is reliable in later versions.
        let flags = flags & 1;
        (trace != [0; 16] && span != [0; 8]).then_some(Self { trace, span, flags })
    }

    /// Returns the same trace with another parent span.
    #[must_use]
    pub fn child(self, span: [u8; 8]) -> Self {
        let mut child = Self { span, ..self };
        child.span[7] |= u8::from(span == [0; 8]);
        child
    }

    /// The trace id as 32 hex digits.
    #[must_use]
    pub fn trace_id(&self) -> String {
        hex::encode(self.trace)
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (trace, span) = (hex::encode(self.trace), hex::encode(self.span));
        write!(formatter, "{VERSION}-{trace}-{span}-{:02x}", self.flags)
    }
}

/// Decodes lower-case hex of exactly `N` bytes.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let lower = text.bytes().all(|byte| !byte.is_ascii_uppercase());
    let mut decoded = [0; N];
    hex::decode_to_slice(text, &mut decoded).ok()?;
    lower.then_some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The example of section 3.2 of the recommendation.
    const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn published_examples_parse() {
        let context = TraceContext::parse(EXAMPLE).unwrap();
        assert_eq!(context.to_string(), EXAMPLE);
        assert_eq!(context.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        let unsampled = EXAMPLE.replace("-01", "-00");
        assert_eq!(
            TraceContext::parse(&unsampled).unwrap().to_string(),
            unsampled
        );
        let newer = format!("cc{}-what-the-future-will-be-like", &EXAMPLE[2..]);
        assert_eq!(TraceContext::parse(&newer).unwrap().to_string(), EXAMPLE);
    }

    #[test]
    fn malformed_header_is_ignored() {
        for header in [
            "",
            "00",
            &EXAMPLE[..54],
            &format!("{EXAMPLE}-00"),
            &format!("{EXAMPLE}0"),
            &format!("ff{}", &EXAMPLE[2..]),
            &format!("cc{}.what", &EXAMPLE[2..]),
            &EXAMPLE.to_uppercase(),
            &EXAMPLE.replace('4', "g"),
            &EXAMPLE.replace('-', "_"),
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-0",
        ] {
            assert_eq!(TraceContext::parse(header), None, "{header}");
        }
    }

    proptest! {
        #[test]
        fn context_round_trips(entropy: [u8; TRACE_ENTROPY], span: [u8; 8]) {
            let context = TraceContext::new(entropy);
            prop_assert_eq!(TraceContext::parse(&context.to_string()), Some(context));
            let child = context.child(span);
            prop_assert_eq!(TraceContext::parse(&child.to_string()), Some(child));
            prop_assert_eq!(child.trace_id(), context.trace_id());
        }

        #[test]
        fn parse_never_panics(header in "\\PC{0,70}") {
            let _ = TraceContext::parse(&header);
        }
    }
}
