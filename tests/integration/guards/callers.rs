//! Routes as the OpenAPI document describes them, and callers with every kind of credential.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::Method;
use serde_json::json;

use crate::harness::forged_keys::forged_key;
use crate::harness::server::{SUPPORT_TOKEN, config};
use crate::harness::{Account, Http, Response, TestDatabase, TestServer};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Nobody,
    Garbage,
    WrongKey,
    WrongSession,
    WrongOnboarding,
    WrongSupport,
    ReadKey,
    Key,
    RetiringKey,
    RevokedKey,
    Session,
    SessionCookie,
    Onboarding,
    Support,
}

pub(super) const CLASSES: [Class; 14] = [
    Class::Nobody,
    Class::Garbage,
    Class::WrongKey,
    Class::WrongSession,
    Class::WrongOnboarding,
    Class::WrongSupport,
    Class::ReadKey,
    Class::Key,
    Class::RetiringKey,
    Class::RevokedKey,
    Class::Session,
    Class::SessionCookie,
    Class::Onboarding,
    Class::Support,
];

/// A route as the OpenAPI document describes it.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) security: Vec<String>,
    pub(super) writes: bool,
    /// The description of each documented status.
    pub(super) responses: BTreeMap<String, String>,
}

pub(super) async fn routes(server: &TestServer) -> Vec<Route> {
    let document = server.http.get("/openapi.json").await.expect(200);
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let names = operation["security"].as_array().into_iter().flatten();
            let names = names.flat_map(|one| one.as_object().unwrap().keys().cloned());
            let responses = operation["responses"].as_object().unwrap();
            routes.push(Route {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                security: names.collect(),
                writes: operation["x-required-scope"] == "read_write",
                responses: responses
                    .iter()
                    .map(|(status, response)| (status.clone(), response["description"].to_string()))
                    .collect(),
            });
        }
    }
    assert!(routes.len() > 60, "{}", routes.len());
    routes
}

impl Route {
    /// Whether the documentation admits a caller.
    pub(super) fn admits(&self, class: Class) -> bool {
        let accepts = |name: &str| self.security.iter().any(|known| known == name);
        if self.security.is_empty() {
            return true;
        }
        match class {
            Class::Key | Class::RetiringKey => accepts("apiKey"),
            Class::ReadKey => accepts("apiKey") && !self.writes,
            Class::Session => accepts("session"),
            Class::SessionCookie => accepts("sessionCookie"),
            Class::Onboarding => accepts("onboardingToken"),
            Class::Support => accepts("supportToken"),
            _ => false,
        }
    }

    pub(super) async fn ask(&self, credentials: &Credentials, class: Class, id: &str) -> Response {
        let path = self
            .path
            .replace("{id}", id)
            .replace("{gate}", "msa_on_file");
        let mut request = credentials.http.request(self.method.clone(), &path);
        request = request.header("X-Forwarded-For", next_address());
        if [Method::POST, Method::PUT, Method::PATCH].contains(&self.method) {
            request = request.json(&json!({}));
        }
        request = match class {
            Class::Nobody => request,
            Class::SessionCookie => {
                request.header("Cookie", format!("mc_session={}", credentials.session))
            }
            _ => request.bearer_auth(credentials.token(class)),
        };
        Response::fetch(request).await.unwrap()
    }
}

/// A client address that no throttle knows yet.
fn next_address() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let [_, b, c, d] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    format!("10.{b}.{c}.{d}")
}

/// One credential of each kind that a creditor has.
pub(super) struct Credentials {
    pub(super) http: Http,
    key: String,
    retiring: String,
    revoked: String,
    read_key: String,
    session: String,
    onboarding: String,
}

impl Credentials {
    pub(super) async fn new(http: &Http) -> Self {
        let (account, first) = Account::ready(http).await;
        let token = |http: &Http| http.token().unwrap().to_owned();
        let session = account.session().await;
        let minted = async |path: &str, overlap: u32| {
            let body = json!({"overlap_hours": overlap});
            let answer = session.post(path, body).await.expect(201);
            answer["api_key"].as_str().unwrap().to_owned()
        };
        let rotate = "/v1/settings/api-key/rotate";
        let retiring = minted(rotate, 0).await;
        http.bearer(&retiring).get("/v1/settings").await.expect(200);
        Self {
            key: minted(rotate, 24).await,
            retiring,
            revoked: token(&first),
            read_key: {
                let minted = session
                    .act("/v1/settings/read-key/rotate")
                    .await
                    .expect(201);
                minted["api_key"].as_str().unwrap().to_owned()
            },
            session: token(&session),
            onboarding: token(&Account::sign_up(http).await.applicant),
            http: http.clone(),
        }
    }

    pub(super) fn token(&self, class: Class) -> String {
        match class {
            Class::Nobody => String::new(),
            Class::Garbage => "x".repeat(300),
            Class::WrongKey => forged_key(Some(&self.key[3..11]), 1),
            Class::WrongSession => format!("cs_{}", "A".repeat(43)),
            Class::WrongOnboarding => format!("ot_{}", "A".repeat(43)),
            Class::WrongSupport => format!("{SUPPORT_TOKEN}x"),
            Class::ReadKey => self.read_key.clone(),
            Class::Key => self.key.clone(),
            Class::RetiringKey => self.retiring.clone(),
            Class::RevokedKey => self.revoked.clone(),
            Class::Session | Class::SessionCookie => self.session.clone(),
            Class::Onboarding => self.onboarding.clone(),
            Class::Support => SUPPORT_TOKEN.to_owned(),
        }
    }
}

/// A server that believes the address in `X-Forwarded-For`, so that no throttle mixes with the guards.
pub(super) async fn server(database: &TestDatabase) -> TestServer {
    let mut config = config(database);
    config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    TestServer::start_with(config).await
}
