//! The HTTP layer: health, errors, the OpenAPI document, and the actor tree.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{TestDatabase, TestServer, on_both_backends};

fn collect_kinds(actor: &Value, found: &mut Vec<String>) {
    found.push(actor["kind"].as_str().unwrap().to_owned());
    for child in actor["children"].as_array().unwrap() {
        collect_kinds(child, found);
    }
}

/// Sends raw bytes. Returns everything that the server sends until it closes the connection.
async fn send_raw(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

on_both_backends!(
    actor_tree_lists_every_static_actor,
    errors_are_problem_documents,
    refused_body_does_not_break_the_next_request,
    openapi_document_describes_served_paths,
);

async fn actor_tree_lists_every_static_actor(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let tree = server.support().get("/support/v1/actors").await.expect(200);
    let mut found = Vec::new();
    collect_kinds(&tree, &mut found);
    for kind in [
        "Node",
        "Registry",
        "SecretVerifier",
        "GateEvaluator",
        "Writer",
        "Dispatcher",
        "Completer",
    ] {
        assert!(found.iter().any(|name| name == kind), "{kind} in {found:?}");
    }
    let writers = found.iter().filter(|kind| *kind == "Writer").count();
    assert_eq!(writers, if database.is_postgres() { 2 } else { 1 });
    assert_eq!(
        server.http.get("/health").await.expect(200)["status"],
        json!("ok")
    );
    let deep = server.http.get("/health/deep").await.expect(200);
    assert_eq!(
        (&deep["database"], &deep["actors"]),
        (&json!("ok"), &json!("ok"))
    );
    server.stop().await;
}

async fn errors_are_problem_documents(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let unknown = server.http.get("/v1/remittances").await;
    assert_eq!((unknown.status, unknown.code()), (404, "not_found"));
    assert_eq!(
        unknown.header("content-type"),
        Some("application/problem+json")
    );
    assert!(
        unknown.body["detail"]
            .as_str()
            .unwrap()
            .to_lowercase()
            .contains("remittance"),
        "{}",
        unknown.body
    );
    let partner = server.http.get("/v1/partner/creditors").await;
    assert_eq!(
        (partner.status, partner.code(), &partner.body["detail"]),
        (
            403,
            "partner_membership_required",
            &json!("Partner membership required")
        )
    );
    let wrong = server.http.delete("/v1/creditors").await;
    assert_eq!((wrong.status, wrong.code()), (405, "method_not_allowed"));
    let broken = server
        .http
        .post_raw(
            "/v1/creditors",
            "{".to_owned(),
            &[("content-type", "application/json")],
        )
        .await;
    assert_eq!((broken.status, broken.code()), (400, "invalid_json"));
    let huge = server
        .http
        .post_raw(
            "/v1/creditors",
            "x".repeat(300 * 1024),
            &[("content-type", "application/json")],
        )
        .await;
    assert_eq!((huge.status, huge.code()), (413, "payload_too_large"));
    assert_eq!(
        server
            .support()
            .get("/support/v1/creditors/not-an-id")
            .await
            .code(),
        "not_found"
    );
    assert!(unknown.header("x-request-id").is_some());
    assert_eq!(
        unknown.body["request_id"].as_str(),
        unknown.header("x-request-id")
    );
    server.stop().await;
}

async fn refused_body_does_not_break_the_next_request(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    for _ in 0..50 {
        let unread = "x".repeat(900 * 1024);
        let huge = server
            .http
            .post_raw(
                "/v1/creditors",
                unread,
                &[("content-type", "application/json")],
            )
            .await;
        assert_eq!((huge.status, huge.header("connection")), (413, None));
        assert_eq!(server.http.get("/health").await.status, 200);
    }
    // A request with `Expect: 100-continue` is refused before its body, and the connection is closed.
    let request = "POST /v1/creditors HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5000000\r\n\r\n";
    let answer = send_raw(&server.running.addr.to_string(), request).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(
        answer.to_lowercase().contains("\r\nconnection: close\r\n"),
        "{answer}"
    );
    server.stop().await;
}

async fn openapi_document_describes_served_paths(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let document = server.http.get("/openapi.json").await.expect(200);
    for path in [
        "/v1/placements",
        "/v1/creditors/me/api-key",
        "/support/v1/actors",
        "/integrations/stripe/webhook",
    ] {
        assert!(document["paths"].get(path).is_some(), "{path}");
    }
    let docs = server.http.get("/docs").await;
    assert_eq!(docs.status, 200);
    assert!(docs.body.as_str().unwrap().contains("/v1/placements"));
    server.stop().await;
}
