//! Guards as loops: every route with every kind of credential, and every id in a path with another creditor's object.
//!
//! The served OpenAPI document says who may call a route. Every answer is checked: its status is documented for the
//! route, an authenticated one has the headers of the rate limits, and a refused one has changed nothing.

mod callers;
mod strange_requests;

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use self::callers::{CLASSES, Class, Credentials, Route, routes, server};
use crate::harness::account::place;
use crate::harness::{Account, Http, Response, TestDatabase, eventually, on_both_backends};

on_both_backends!(
    only_the_documented_credentials_open_a_route,
    ids_of_another_creditor_are_as_unknown_as_random_ones,
);

/// The codes with which a guard refuses a caller.
const REFUSALS: [&str; 12] = [
    "missing_api_key",
    "invalid_api_key",
    "revoked_api_key",
    "expired_api_key",
    "invalid_session",
    "invalid_onboarding_token",
    "invalid_support_token",
    "insufficient_scope",
    "dashboard_session_required",
    "address_not_allowed",
    "support_required",
    "partner_membership_required",
];

/// The number of rows that a refused call could have changed.
async fn rows(database: &TestDatabase) -> BTreeMap<&'static str, i64> {
    let mut rows = BTreeMap::new();
    for table in [
        "api_key",
        "creditor",
        "placement",
        "session",
        "webhook_endpoint",
        "message",
        "payment",
    ] {
        let count = format!("SELECT count(*) FROM {table}");
        rows.insert(table, database.number(&count).await);
    }
    rows
}

async fn only_the_documented_credentials_open_a_route(database: TestDatabase) {
    let server = server(&database).await;
    let routes = routes(&server).await;
    let shared = Credentials::new(&server.http).await;
    let (mut tried, mut admitted) = (0, 0);
    let mut surprises = BTreeSet::new();
    let before = rows(&database).await;
    for route in routes.iter().filter(|route| !route.security.is_empty()) {
        for class in CLASSES.into_iter().filter(|class| !route.admits(*class)) {
            let answer = route.ask(&shared, class, &Uuid::now_v7().to_string()).await;
            tried += 1;
            let case = format!(
                "{} {} with {class:?}: {}",
                route.method, route.path, answer.body
            );
            assert!(
                [401, 403].contains(&answer.status),
                "{} {case}",
                answer.status
            );
            assert!(REFUSALS.contains(&answer.code()), "{case}");
            let expected = match class {
                Class::ReadKey if route.security[0] == "apiKey" => Some("insufficient_scope"),
                Class::Key | Class::RetiringKey if route.security[0] == "session" => {
                    Some("dashboard_session_required")
                }
                Class::RevokedKey if route.security[0] == "apiKey" => Some("revoked_api_key"),
                Class::WrongKey if route.security[0] == "apiKey" => Some("invalid_api_key"),
                Class::Nobody if route.security[0] == "apiKey" => Some("missing_api_key"),
                _ if route.security[0] == "supportToken" => Some("invalid_support_token"),
                _ => None,
            };
            assert!(
                expected.is_none_or(|code| answer.code() == code),
                "{expected:?} {case}"
            );
            check(&answer, route, class, &case);
            surprises.extend(undocumented(&answer, route));
        }
    }
    assert_eq!(
        rows(&database).await,
        before,
        "a refused call changed something"
    );

    for route in &routes {
        for class in CLASSES.into_iter().filter(|class| route.admits(*class)) {
            // A call that changes something may end the credentials of its creditor.
            let own = match route.method == Method::GET || route.security.is_empty() {
                true => None,
                false => Some(Credentials::new(&server.http).await),
            };
            let credentials = own.as_ref().unwrap_or(&shared);
            let answer = route
                .ask(credentials, class, &Uuid::now_v7().to_string())
                .await;
            (tried, admitted) = (tried + 1, admitted + 1);
            let case = format!(
                "{} {} with {class:?}: {}",
                route.method, route.path, answer.body
            );
            let is_refusal =
                route.path.starts_with("/integrations/") && answer.code() == "invalid_signature";
            assert!(
                is_refusal || !REFUSALS.contains(&answer.error_code().unwrap_or_default()),
                "{case}"
            );
            assert!(
                answer.status < 500 && answer.status != 405,
                "{} {case}",
                answer.status
            );
            check(&answer, route, class, &case);
            surprises.extend(undocumented(&answer, route));
        }
    }
    assert!(surprises.is_empty(), "not documented: {surprises:#?}");
    eprintln!(
        "{} routes, {tried} calls, {admitted} admitted, 0 surprises",
        routes.len()
    );
    server.stop().await;
}

/// The status and the code of an answer, if the documentation of the route does not have them.
fn undocumented(answer: &Response, route: &Route) -> Option<String> {
    let (status, code) = (answer.status.to_string(), answer.error_code());
    let description = route.responses.get(&status);
    let is_documented =
        description.is_some_and(|text| code.is_none_or(|code| text.contains(&format!("`{code}`"))));
    let code = code.unwrap_or_default();
    (!is_documented).then(|| format!("{} {}: {status} {code}", route.method, route.path))
}

/// What holds for every answer.
fn check(answer: &Response, route: &Route, class: Class, case: &str) {
    assert!(answer.header("x-request-id").is_some(), "{case}");
    let is_creditor = [
        Class::ReadKey,
        Class::Key,
        Class::RetiringKey,
        Class::Session,
        Class::SessionCookie,
    ]
    .contains(&class);
    let is_creditor_route = !route.security.is_empty() && route.security[0] != "supportToken";
    if is_creditor && is_creditor_route {
        for name in ["ratelimit", "ratelimit-policy"] {
            assert!(answer.header(name).is_some(), "no {name}: {case}");
        }
    }
    if [Class::Session, Class::SessionCookie].contains(&class)
        && route.admits(class)
        && is_creditor_route
    {
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{case}");
    }
}

/// The objects of a creditor, by the beginning of the paths in which their ids stand.
async fn objects(owner: &Account, key: &Http) -> Vec<(&'static str, String)> {
    let session = owner.session().await;
    owner.set_webhook("http://127.0.0.1:9/hook").await;
    let placement = place(key, "INV-1").await;
    let body = json!({"url": "http://127.0.0.1:9/further"});
    let endpoint = session
        .post("/v1/settings/webhook-endpoints", body)
        .await
        .expect(201);
    let deliveries = key.get("/v1/settings/webhook-deliveries").await.expect(200);
    let body = json!({"since": "2026-01-01T00:00:00Z"});
    let recovery = key
        .post("/v1/settings/webhook-deliveries/recover", body)
        .await;
    let recovery = recovery.body["id"]
        .as_str()
        .unwrap_or_else(|| panic!("{}", recovery.body))
        .to_owned();
    let text = |id: &Value| id.as_str().unwrap().to_owned();
    vec![
        ("/v1/placements/{id}", placement.clone()),
        ("/v1/test/placements/{id}", placement),
        ("/v1/settings/webhook-endpoints/{id}", text(&endpoint["id"])),
        (
            "/v1/settings/webhook-deliveries/{id}",
            text(&deliveries["items"][0]["id"]),
        ),
        ("/v1/settings/webhook-recoveries/{id}", recovery),
    ]
}

/// A body with which the owner's call would succeed, or at least reach the object.
fn body(path: &str) -> Value {
    match path.rsplit('/').next().unwrap() {
        "payment-received" => json!({"amount": "1.00"}),
        "advance" => json!({"to": "ready"}),
        "rotate" => json!({"overlap_hours": 0}),
        "{id}" => json!({"description": "mine"}),
        _ => Value::Null,
    }
}

async fn ids_of_another_creditor_are_as_unknown_as_random_ones(database: TestDatabase) {
    let server = server(&database).await;
    let (owner, owner_key) = Account::ready(&server.http).await;
    let objects = objects(&owner, &owner_key).await;
    eventually("the recovery has ended", || async {
        let running = "SELECT count(*) FROM webhook_recovery WHERE state <> 'done'";
        (database.number(running).await == 0).then_some(())
    })
    .await;
    let (other, key) = Account::ready(&server.http).await;
    let session = other.session().await;
    let before = rows(&database).await;
    let mut tried = 0;
    for route in routes(&server).await {
        let is_creditor_route = !route.security.is_empty() && route.security[0] != "supportToken";
        if !route.path.contains("{id}") || !is_creditor_route {
            continue;
        }
        let mut known = objects
            .iter()
            .filter(|(prefix, _)| route.path.starts_with(prefix));
        let (_, id) = known
            .next_back()
            .unwrap_or_else(|| panic!("no object for {}", route.path));
        for caller in [&key, &session] {
            let mut answers = Vec::new();
            for id in [id, &Uuid::now_v7().to_string()] {
                let path = route.path.replace("{id}", id);
                let mut request = caller.request(route.method.clone(), &path);
                let body = body(&route.path);
                if route.method != Method::GET && !body.is_null() {
                    request = request.json(&body);
                }
                request = request.header("Idempotency-Key", Uuid::now_v7().to_string());
                let mut answer = Response::fetch(request).await.unwrap();
                answer.body["request_id"] = Value::Null;
                answers.push((answer.status, answer.body));
            }
            tried += 1;
            let case = format!("{} {}", route.method, route.path);
            assert_eq!(answers[0], answers[1], "{case}");
            let is_session_only = route.security[0] == "session" && caller.token() == key.token();
            let expected = if is_session_only { 403 } else { 404 };
            assert_eq!(answers[0].0, expected, "{case}: {}", answers[0].1);
        }
    }
    assert_eq!(
        rows(&database).await,
        before,
        "a foreign call changed something"
    );
    eprintln!("{tried} calls with a foreign id, 0 leaks");
    server.stop().await;
}
