//! Headers and bodies that are refused on every route: those of which two readers could see two meanings, and those that
//! would cost much.

use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use uuid::Uuid;

use super::callers::{CLASSES, Class, Credentials, Route, routes, server};
use crate::harness::{Response, TestDatabase, on_both_backends};

on_both_backends!(
    header_that_stands_twice_is_refused_on_every_route,
    ambiguous_or_excessive_body_is_refused_on_every_route,
);

/// Lines of headers of which only one can count, and what the refusal names.
const TWICE: [(&str, &str); 5] = [
    (
        "Host: a\r\nAuthorization: Bearer x\r\nAuthorization: Bearer y\r\n",
        "Authorization",
    ),
    (
        "Host: a\r\nIdempotency-Key: a\r\nIdempotency-Key: a\r\n",
        "Idempotency-Key",
    ),
    ("Host: a\r\nHost: a\r\n", "Host"),
    ("", "Host"),
    (
        "Host: a\r\nCookie: mc_session=a; mc_session=b\r\n",
        "mc_session",
    ),
];

async fn header_that_stands_twice_is_refused_on_every_route(database: TestDatabase) {
    let server = server(&database).await;
    let address = server.running.addr.to_string();
    let mut tried = 0;
    for route in routes(&server).await {
        for (headers, named) in TWICE {
            let path = route.path.replace("{id}", &Uuid::nil().to_string());
            let request = format!(
                "{} {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n",
                route.method
            );
            let mut stream = TcpStream::connect(&address).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            tried += 1;
            let case = format!("{request}\n{answer}");
            assert!(answer.starts_with("HTTP/1.1 400 "), "{case}");
            assert!(answer.contains("\"bad_request\""), "{case}");
            assert!(answer.contains(named), "{named} is not named: {case}");
            assert!(!answer.contains("X-MC-Creditor"), "{case}");
        }
    }
    eprintln!("{tried} requests with a header twice, all refused");
    server.stop().await;
}

/// Bodies that no route accepts, each with a text that the refusal has.
fn bodies() -> Vec<(String, &'static str)> {
    let (deep, closed) = ("[".repeat(5_000), "]".repeat(5_000));
    let many: Vec<String> = (0..1_100).map(|n| format!("\"m{n}\":0")).collect();
    vec![
        (r#"{"twin":1,"twin":2}"#.to_owned(), "twin"),
        (r#"{"twin":1,"\u0074win":2}"#.to_owned(), "twin"),
        (r#"{"outer":{"twin":1,"twin":1}}"#.to_owned(), "twin"),
        (r#"{"outer":[{"twin":1,"twin":1}]}"#.to_owned(), "twin"),
        (r#"{"name":"\u0000"}"#.to_owned(), ""),
        (r#"{"name":"\ud800"}"#.to_owned(), ""),
        (r#"{"name":1} {}"#.to_owned(), ""),
        (format!("{{\"name\":{deep}{closed}}}"), ""),
        (format!("{{{}}}", many.join(",")), ""),
        (format!("{{\"name\":[{}0]}}", "0,".repeat(1_100)), ""),
    ]
}

/// The longest answer to a body that is refused.
const MAX_ANSWER: usize = 32 * 1_024;

async fn ambiguous_or_excessive_body_is_refused_on_every_route(database: TestDatabase) {
    let server = server(&database).await;
    let credentials = Credentials::new(&server.http).await;
    let document = server.http.get("/openapi.json").await.expect(200);
    let mut tried = 0;
    for route in routes(&server).await {
        let method = route.method.as_str().to_ascii_lowercase();
        let content = &document["paths"][&route.path][&method]["requestBody"]["content"];
        if content["application/json"].is_null() || route.path.starts_with("/integrations/") {
            continue;
        }
        for (body, named) in bodies() {
            let answer = send(&route, &credentials, body.clone()).await;
            tried += 1;
            let start: String = body.chars().take(60).collect();
            let case = format!("{} {} {start}: {}", route.method, route.path, answer.body);
            assert!([400, 422].contains(&answer.status), "{case}");
            let code = answer.code().to_owned();
            assert!(
                ["invalid_json", "validation_failed"].contains(&code.as_str()),
                "{case}"
            );
            let detail = answer.body["detail"].as_str().unwrap();
            assert!(detail.contains(named), "{case}");
            assert!(answer.body.to_string().len() < MAX_ANSWER, "{case}");
        }
        // A byte order mark is no part of the text.
        let answer = send(&route, &credentials, "\u{feff}{\"unknown\":1}".to_owned()).await;
        let case = format!("{} {}: {}", route.method, route.path, answer.body);
        assert_eq!(
            (answer.status, answer.code()),
            (422, "validation_failed"),
            "{case}"
        );
        tried += 1;
    }
    assert!(tried > 150, "{tried}");
    eprintln!("{tried} bodies, all refused");
    server.stop().await;
}

/// Sends the body with a credential that the route admits.
async fn send(route: &Route, credentials: &Credentials, body: String) -> Response {
    let class = CLASSES.into_iter().rev().find(|class| route.admits(*class));
    let class = class.unwrap_or(Class::Nobody);
    let path = route
        .path
        .replace("{id}", &Uuid::nil().to_string())
        .replace("{gate}", "msa_on_file");
    let request = credentials.http.request(route.method.clone(), &path);
    let request = match class {
        Class::Nobody => request,
        _ => request.bearer_auth(credentials.token(class)),
    };
    assert_ne!(route.method, Method::GET);
    let request = request
        .header("content-type", "application/json")
        .header("idempotency-key", Uuid::now_v7().to_string())
        .body(body);
    let answer = Response::fetch(request).await.unwrap();
    assert_ne!(answer.body, Value::Null);
    answer
}
