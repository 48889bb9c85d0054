//! Sessions: cookie renewal, expiry, sign-out, password length, and throttled logins.

use actors::clock::Clock;
use partner_api::server;
use serde_json::json;

use crate::harness::account::PASSWORD;
use crate::harness::server::config;
use crate::harness::wait::eventually;
use crate::harness::{Account, Http, TestDatabase, TestServer, on_both_backends};

const HOUR_MS: i64 = 3_600_000;
/// 2026-06-01.
const START_MS: i64 = 1_780_272_000_000;

/// The name and value of a cookie, without its attributes.
fn pair(cookie: &str) -> String {
    cookie.split(';').next().unwrap().to_owned()
}

async fn with_cookie(http: &Http, pair: &str) -> crate::harness::Response {
    http.get_with("/v1/settings", ("Cookie", pair)).await
}

on_both_backends!(
    session_cookie_is_renewed_and_expires,
    sign_out_ends_every_token_of_the_session,
    password_over_71_bytes_is_refused,
    failed_logins_are_throttled_and_audited,
);

async fn session_cookie_is_renewed_and_expires(database: TestDatabase) {
    let clock = Clock::manual(START_MS);
    let running = server::start_at(config(&database), clock.clone())
        .await
        .unwrap();
    let server = TestServer {
        http: Http::new(&running.base_url).unwrap(),
        running,
    };
    let account = Account::sign_up(&server.http).await;
    let sign_in = json!({"email": account.email, "password": PASSWORD});
    let answer = server.http.post("/v1/sessions", sign_in.clone()).await;
    let cookie = answer.header("Set-Cookie").unwrap().to_owned();
    for attribute in ["; HttpOnly", "; SameSite=Lax", "; Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let first = pair(&cookie);
    assert_eq!(
        with_cookie(&server.http, &first).await.header("Set-Cookie"),
        None,
        "a new cookie is not renewed"
    );
    clock.advance_ms(HOUR_MS + 1);
    let renewed = with_cookie(&server.http, &first).await;
    let second = pair(renewed.header("Set-Cookie").expect("a new cookie"));
    assert!(renewed.status == 200 && second != first);
    // Parallel requests of the page still carry the old cookie. It is not renewed again within a minute.
    let again = with_cookie(&server.http, &first).await;
    assert_eq!((again.status, again.header("Set-Cookie")), (200, None));
    // If the response with the new cookie is lost, the old cookie still works until the new one is used.
    clock.advance_ms(60_000);
    let another = with_cookie(&server.http, &first).await;
    assert!(another.status == 200 && another.header("Set-Cookie").is_some());
    assert_eq!(with_cookie(&server.http, &second).await.status, 200);
    let shortened = format!(
        "SELECT count(*) FROM session WHERE expires_ms = {}",
        clock.now_ms() + 60_000
    );
    eventually("the old token expires in a minute", async || {
        (database.number(&shortened).await == 1).then_some(())
    })
    .await;
    assert_eq!(with_cookie(&server.http, &first).await.status, 200);
    clock.advance_ms(60_000);
    assert_eq!(
        with_cookie(&server.http, &first).await.code(),
        "invalid_session"
    );
    assert_eq!(with_cookie(&server.http, &second).await.status, 200);
    // A bearer token is never renewed, because clients store it themselves.
    let bearer = account.session().await;
    clock.advance_ms(HOUR_MS + 1);
    let answer = bearer.get("/v1/settings").await;
    assert_eq!((answer.status, answer.header("Set-Cookie")), (200, None));
    // Two idle hours end a session.
    clock.advance_ms(2 * HOUR_MS);
    assert_eq!(bearer.get("/v1/settings").await.code(), "invalid_session");
    assert_eq!(
        with_cookie(&server.http, &second).await.code(),
        "invalid_session"
    );
    server.stop().await;
}

async fn sign_out_ends_every_token_of_the_session(database: TestDatabase) {
    let clock = Clock::manual(START_MS);
    let running = server::start_at(config(&database), clock.clone())
        .await
        .unwrap();
    let server = TestServer {
        http: Http::new(&running.base_url).unwrap(),
        running,
    };
    let account = Account::sign_up(&server.http).await;
    let other = account.session().await;
    let sign_in = json!({"email": account.email, "password": PASSWORD});
    let answer = server.http.post("/v1/sessions", sign_in).await;
    let first = pair(answer.header("Set-Cookie").unwrap());
    let bearer = server
        .http
        .bearer(answer.body["session_token"].as_str().unwrap());
    clock.advance_ms(HOUR_MS + 1);
    let second = pair(
        with_cookie(&server.http, &first)
            .await
            .header("Set-Cookie")
            .unwrap(),
    );
    assert_eq!(bearer.delete("/v1/sessions/current").await.status, 204);
    for ended in [&first, &second] {
        assert_eq!(
            with_cookie(&server.http, ended).await.code(),
            "invalid_session"
        );
    }
    other.get("/v1/settings").await.expect(200);
    assert_eq!(other.delete("/v1/sessions").await.status, 204);
    assert_eq!(other.get("/v1/settings").await.code(), "invalid_session");
    server.stop().await;
}

async fn password_over_71_bytes_is_refused(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let sign_up = async |password: String| {
        let email = format!("{}@creditor.test", password.len());
        let body = json!({"company_name": "Acme", "email": email, "password": password});
        server.http.post("/v1/creditors", body).await
    };
    assert_eq!(sign_up("p".repeat(71)).await.status, 201);
    // The limit counts bytes: 36 characters are 72 bytes here.
    for long in ["p".repeat(72), "é".repeat(36)] {
        let answer = sign_up(long).await;
        assert_eq!((answer.status, answer.code()), (422, "validation_failed"));
        assert!(
            answer.body["detail"].as_str().unwrap().contains("71"),
            "{}",
            answer.body
        );
    }
    server.stop().await;
}

async fn failed_logins_are_throttled_and_audited(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let account = Account::sign_up(&server.http).await;
    let wrong = json!({"email": account.email, "password": "not the password"});
    for _ in 0..10 {
        let refused = server.http.post("/v1/sessions", wrong.clone()).await;
        assert_eq!(
            (refused.status, refused.code()),
            (401, "invalid_credentials")
        );
    }
    let throttled = server.http.post("/v1/sessions", wrong).await;
    assert_eq!(
        (throttled.status, throttled.code()),
        (429, "too_many_attempts")
    );
    let wait: u64 = throttled.header("Retry-After").unwrap().parse().unwrap();
    assert!((890..=900).contains(&wait), "{wait}");
    let invalid = json!({"email": format!("{}@creditor.test", "x".repeat(300)), "password": "not the password"});
    assert_eq!(
        server.http.post("/v1/sessions", invalid).await.code(),
        "validation_failed"
    );
    for number in 0..12 {
        let refused = server
            .http
            .bearer(&format!("st_made-up-{number}"))
            .get("/support/v1/creditors")
            .await;
        assert_eq!(refused.status, if number < 10 { 401 } else { 429 });
    }
    server
        .support()
        .get("/support/v1/creditors")
        .await
        .expect(200);
    for (action, creditor) in [
        ("session.login_failed", Some(account.id.as_str())),
        ("support.login_failed", None),
    ] {
        let lines = eventually("every failure is in the audit log", async || {
            let log = server
                .support()
                .get(&format!("/support/v1/audit?action={action}"))
                .await
                .expect(200);
            let lines = log["events"].as_array().unwrap().clone();
            (lines.len() == 10).then_some(lines)
        })
        .await;
        assert!(
            lines
                .iter()
                .all(|line| line["data"]["address"] == "127.0.0.1"
                    && line["creditor_id"].as_str() == creditor),
            "{lines:?}"
        );
    }
    server.stop().await;
}
