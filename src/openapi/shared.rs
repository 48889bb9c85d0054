//! What routes have in common, depending on who may call them.
//!
//! Owns the descriptions of credentials, headers and shared errors. Never mentions a single route.

use serde_json::{Map, Value, json};

use crate::router::access::{Access, CreditorAccess};
use crate::router::table::Row;

/// All security schemes.
pub(super) fn security_schemes() -> Value {
    let bearer =
        |description: &str| json!({"type": "http", "scheme": "bearer", "description": description});
    json!({
        "apiKey": bearer("An API key of the creditor: `ca_xxxxxxxx_yyyyyyyy…`"),
        "session": bearer("The token of a dashboard session: `cs_…`, returned by `POST /v1/sessions`"),
        "sessionCookie": {"type": "apiKey", "in": "cookie", "name": "mc_session", "description": "The same session token as a cookie"},
        "onboardingToken": bearer("The onboarding token: `ot_…`, returned by `POST /v1/creditors`. Valid until the API key exists"),
        "supportToken": bearer("A support token of this server"),
    })
}

/// The security schemes that a route accepts. Any one of them is enough.
pub(super) fn security(access: Access) -> Value {
    let names: Vec<&str> = match access {
        Access::Anyone => Vec::new(),
        Access::Support => vec!["supportToken"],
        Access::Creditor(access) => {
            let key = access.key.then_some("apiKey");
            let onboarding = access.onboarding.then_some("onboardingToken");
            key.into_iter()
                .chain(["session", "sessionCookie"])
                .chain(onboarding)
                .collect()
        }
    };
    names.into_iter().map(|name| json!({name: []})).collect()
}

/// The scope that an API key needs for a route, and the cost of the call for both rate limits.
///
/// `None` if API keys cannot call the route.
pub(super) fn scope_and_cost(access: Access) -> Option<(&'static str, u32)> {
    let Access::Creditor(access) = access else {
        return None;
    };
    let scope = if access.needs.writes {
        "read_write"
    } else {
        "read"
    };
    access.key.then_some((scope, access.needs.cost))
}

/// The errors that a route can return because of its access and its body, as status and codes.
pub(super) fn errors(row: &Row, takes_body: bool) -> Vec<(&'static str, String)> {
    let mut errors = match row.access {
        Access::Anyone => Vec::new(),
        Access::Support => vec![
            ("401", "`invalid_support_token`".into()),
            ("429", "`too_many_attempts`".into()),
        ],
        Access::Creditor(access) => creditor_errors(access),
    };
    let mut add = |status, codes: &str| errors.push((status, codes.to_owned()));
    if row.path.contains('{') {
        add("404", "`not_found`");
    }
    if takes_body {
        add("400", "`invalid_json`");
        add("408", "`request_timeout`");
        add("413", "`payload_too_large`");
    }
    if matches!(row.access, Access::Anyone) && !takes_body {
        add("503", "`shutting_down`");
    } else {
        add("422", "`validation_failed`");
        add("500", "`internal_error`");
        add("503", "`overloaded`, `outcome_unknown`, `shutting_down`");
    }
    errors
}

fn creditor_errors(access: CreditorAccess) -> Vec<(&'static str, String)> {
    let mut refused = vec![
        "`invalid_session`",
        "`invalid_api_key`",
        "`revoked_api_key`",
        "`expired_api_key`",
        "`invalid_onboarding_token`",
    ];
    refused.extend(access.key.then_some("`missing_api_key`"));
    let limited = "`rate_limited`, `too_many_concurrent_requests`, `too_many_attempts`";
    let mut errors = vec![("401", refused.join(", ")), ("429", limited.to_owned())];
    if !access.key {
        errors.push((
            "403",
            "`dashboard_session_required`, `address_not_allowed`".to_owned(),
        ));
    } else if access.needs.writes || !access.onboarding {
        errors.push((
            "403",
            "`insufficient_scope`, `address_not_allowed`".to_owned(),
        ));
    }
    errors
}

/// The headers of a response with this status.
pub(super) fn headers(access: Access, status: &str, replays: bool) -> Map<String, Value> {
    let mut headers = Map::new();
    let mut add = |name: &str, description: &str| {
        headers.insert(
            name.to_owned(),
            json!({"description": description, "schema": {"type": "string"}}),
        );
    };
    add(
        "X-Request-Id",
        "The id of the request; quote it when you contact support",
    );
    if matches!(access, Access::Creditor(_)) && !matches!(status, "401" | "503") {
        add(
            "RateLimit-Policy",
            "With an API key: both limits, e.g. `\"key\";q=40;w=2, \"tenant\";q=80;w=2`",
        );
        add(
            "RateLimit",
            "With an API key: what is left of both limits, e.g. `\"key\";r=39;t=1, \"tenant\";r=79;t=1`",
        );
        add(
            "Api-Key-Expires-At",
            "With a retiring API key: when the key stops working",
        );
    }
    if replays && status.starts_with('2') {
        add(
            "Idempotent-Replayed",
            "`true` if this is the stored response of an earlier request with the same Idempotency-Key",
        );
    }
    match status {
        "429" | "503" => add("Retry-After", "Whole seconds, at least 1"),
        "401" => add("WWW-Authenticate", "Bearer"),
        "405" => add("Allow", "The methods that the route supports"),
        _ => {}
    }
    headers
}
