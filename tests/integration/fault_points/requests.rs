//! A request of every route that changes something, with the objects that it needs.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::Method;
use serde_json::{Value, json};
use test_support::provider_events::{DocusignEvent, MiddeskEvent, SignedEvent, StripeEvent};
use uuid::Uuid;

use crate::harness::account::{PASSWORD, invoice, place};
use crate::harness::providers::{DOCUSIGN_KEY, MIDDESK_SECRET, STRIPE_SECRET};
use crate::harness::{Account, Http, Response, TestServer};

/// Every route that changes something.
pub(super) const ROUTES: &[&str] = &[
    "POST /v1/creditors",
    "PATCH /v1/creditors/me/setup",
    "POST /v1/creditors/me/api-key",
    "POST /v1/agreements/current/accept",
    "POST /v1/sessions",
    "DELETE /v1/sessions/current",
    "DELETE /v1/sessions",
    "PATCH /v1/settings",
    "POST /v1/settings/api-key/rotate",
    "POST /v1/settings/api-key/revoke",
    "PUT /v1/settings/api-key/allowed-networks",
    "POST /v1/settings/read-key/rotate",
    "DELETE /v1/settings/read-key",
    "PUT /v1/settings/read-key/allowed-networks",
    "POST /v1/settings/webhook-secret/rotate",
    "POST /v1/settings/webhook-endpoints",
    "PATCH /v1/settings/webhook-endpoints/{id}",
    "DELETE /v1/settings/webhook-endpoints/{id}",
    "POST /v1/settings/webhook-endpoints/{id}/test",
    "POST /v1/settings/webhook-endpoints/{id}/secret/rotate",
    "POST /v1/settings/webhook-deliveries/test",
    "POST /v1/settings/webhook-deliveries/recover",
    "POST /v1/settings/webhook-deliveries/{id}/redeliver",
    "POST /v1/placements",
    "POST /v1/placements/batch",
    "POST /v1/placements/{id}/recall",
    "POST /v1/placements/{id}/unrecall",
    "POST /v1/placements/{id}/pause",
    "POST /v1/placements/{id}/resume",
    "POST /v1/placements/{id}/payment-received",
    "POST /v1/test/placements/{id}/advance",
    "POST /integrations/stripe/webhook",
    "POST /integrations/middesk/webhook",
    "POST /integrations/docusign/webhook",
    "PATCH /support/v1/creditors/{id}",
    "POST /support/v1/creditors/{id}/api-key/rotate",
    "POST /support/v1/creditors/{id}/api-key/revoke",
    "POST /support/v1/creditors/{id}/gates/{gate}",
    "POST /support/v1/placements/transitions",
    "POST /support/v1/placements/{id}/dispute",
    "POST /support/v1/placements/{id}/erase-webhook-payloads",
    "POST /support/v1/disputes/{id}/answer",
    "POST /support/v1/webhook-deliveries/recover",
];

/// Fails if the OpenAPI document has a route that changes something and is not in [`ROUTES`].
pub(super) async fn every_changing_route_is_listed(server: &TestServer) {
    let document = server.http.get("/openapi.json").await.expect(200);
    let mut served = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            if ["post", "put", "patch", "delete"].contains(&method.as_str()) {
                served.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    let listed: BTreeSet<String> = ROUTES.iter().map(|route| (*route).to_owned()).collect();
    assert_eq!(listed, served);
}

/// A request that has all the objects that it needs.
pub(super) struct Prepared {
    http: Http,
    method: Method,
    path: String,
    body: Value,
    raw: Option<SignedEvent>,
    key: Option<String>,
}

impl Prepared {
    /// Whether sending it again has no second effect.
    pub(super) fn has_key(&self) -> bool {
        self.key.is_some()
    }

    pub(super) async fn send(&self) -> Response {
        if let Some(event) = &self.raw {
            let headers: Vec<_> = event
                .headers
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            return self
                .http
                .post_raw(event.path, event.body.clone(), &headers)
                .await;
        }
        let mut request = self.http.request(self.method.clone(), &self.path);
        if !self.body.is_null() {
            request = request.json(&self.body);
        }
        if let Some(key) = &self.key {
            request = request.header("Idempotency-Key", key);
        }
        Response::fetch(request).await.unwrap()
    }
}

/// A creditor that has completed onboarding, and the clients of everybody.
pub(super) struct World {
    server: Http,
    support: Http,
    account: Account,
    session: Http,
    pub(super) key: Http,
    next: AtomicU64,
}

impl World {
    pub(super) async fn new(server: &TestServer) -> Self {
        let (account, key) = Account::ready(&server.http).await;
        // Nobody listens there, so deliveries wait.
        account.set_webhook("http://127.0.0.1:9/hook").await;
        Self {
            server: server.http.clone(),
            support: server.support(),
            session: account.session().await,
            account,
            key,
            next: AtomicU64::new(1),
        }
    }

    fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// A creditor of its own, which has completed onboarding and not seen its key.
    async fn onboarded(&self) -> Account {
        let account = Account::sign_up(&self.server).await;
        account.onboard().await;
        account
    }

    async fn placement(&self) -> String {
        place(&self.key, &format!("P-{}", self.number())).await
    }

    async fn placement_in(&self, statuses: &[&str]) -> String {
        let id = self.placement().await;
        for to in statuses {
            let line = json!([{"placement_id": id, "to": to, "reason": "prepared"}]);
            let done = self
                .support
                .post("/support/v1/placements/transitions", line)
                .await
                .expect(200);
            assert_eq!(done["results"][0]["ok"], true, "{done}");
        }
        id
    }

    async fn disputed(&self) -> (String, String) {
        let id = self.placement_in(&["ready", "in_outreach"]).await;
        let path = format!("/support/v1/placements/{id}/dispute");
        let dispute = self
            .support
            .post(&path, json!({"reason": "not ours"}))
            .await
            .expect(201);
        (id, dispute["id"].as_str().unwrap().to_owned())
    }

    async fn endpoint(&self) -> String {
        let listed = self
            .session
            .get("/v1/settings/webhook-endpoints")
            .await
            .expect(200);
        for endpoint in listed["items"].as_array().unwrap() {
            if endpoint["primary"] == false {
                let id = endpoint["id"].as_str().unwrap();
                self.session
                    .delete(&format!("/v1/settings/webhook-endpoints/{id}"))
                    .await;
            }
        }
        let body = json!({"url": format!("http://127.0.0.1:9/{}", self.number())});
        let created = self
            .session
            .post("/v1/settings/webhook-endpoints", body)
            .await
            .expect(201);
        created["id"].as_str().unwrap().to_owned()
    }

    async fn delivery(&self) -> String {
        self.placement().await;
        let listed = self
            .key
            .get("/v1/settings/webhook-deliveries?limit=1")
            .await
            .expect(200);
        listed["items"][0]["id"].as_str().unwrap().to_owned()
    }

    fn ask(&self, http: &Http, route: &str, path: &str, body: Value) -> Prepared {
        let method = route.split(' ').next().unwrap().parse().unwrap();
        Prepared {
            http: http.clone(),
            method,
            path: path.to_owned(),
            body,
            raw: None,
            key: None,
        }
    }

    fn keyed(&self, http: &Http, route: &str, path: &str, body: Value) -> Prepared {
        Prepared {
            key: Some(format!("key-{}", self.number())),
            ..self.ask(http, route, path, body)
        }
    }

    fn event(&self, event: SignedEvent) -> Prepared {
        Prepared {
            raw: Some(event),
            ..self.ask(&self.server, "POST", "", Value::Null)
        }
    }

    /// Prepares the request of a route of [`ROUTES`].
    #[allow(clippy::too_many_lines)] // one line or a few for each route
    pub(super) async fn prepare(&self, route: &str) -> Prepared {
        let n = self.number();
        let path = route.split(' ').nth(1).unwrap();
        let with = |id: &str| path.replace("{id}", id).replace("{gate}", "msa_on_file");
        let none = || Value::Null;
        let overlap = json!({"overlap_hours": 0});
        let networks = json!({"cidrs": [format!("127.0.0.0/{}", 8 + n % 2), "::1/128"]});
        match route {
            "POST /v1/creditors" => {
                let email = format!("{}@creditor.test", Uuid::now_v7().simple());
                let body = json!({"company_name": "Acme", "email": email, "password": PASSWORD});
                self.ask(&self.server, route, path, body)
            }
            "PATCH /v1/creditors/me/setup" => {
                let account = Account::sign_up(&self.server).await;
                self.ask(
                    &account.applicant,
                    route,
                    path,
                    json!({"legal_name": format!("Acme {n}")}),
                )
            }
            "POST /v1/creditors/me/api-key" => {
                let account = self.onboarded().await;
                self.ask(&account.applicant, route, path, none())
            }
            "POST /v1/agreements/current/accept" => {
                let account = Account::sign_up(&self.server).await;
                let agreement = account
                    .applicant
                    .get("/v1/agreements/current")
                    .await
                    .expect(200);
                let body = json!({"signatory_name": "Ann", "version": agreement["version"]});
                self.ask(&account.applicant, route, path, body)
            }
            "POST /v1/sessions" => {
                let body = json!({"email": self.account.email, "password": PASSWORD});
                self.ask(&self.server, route, path, body)
            }
            "DELETE /v1/sessions/current" => {
                let session = self.account.session().await;
                self.ask(&session, route, path, none())
            }
            "DELETE /v1/sessions" => {
                let account = Account::sign_up(&self.server).await;
                self.ask(&account.session().await, route, path, none())
            }
            "PATCH /v1/settings" => {
                let posture = ["preserve", "escalate"][usize::try_from(n % 2).unwrap()];
                let account = Account::sign_up(&self.server).await;
                let session = account.session().await;
                session
                    .patch(path, json!({"posture_default": "preserve"}))
                    .await;
                self.ask(&session, route, path, json!({"posture_default": "escalate", "webhook_url": format!("http://127.0.0.1:9/{posture}")}))
            }
            "POST /v1/settings/api-key/rotate" | "POST /v1/settings/api-key/revoke" => {
                let account = self.onboarded().await;
                account.reveal().await;
                let body = if route.ends_with("rotate") {
                    overlap
                } else {
                    none()
                };
                self.ask(&account.session().await, route, path, body)
            }
            "PUT /v1/settings/api-key/allowed-networks" => {
                let account = self.onboarded().await;
                self.ask(&account.session().await, route, path, networks)
            }
            "POST /v1/settings/read-key/rotate" => {
                let account = self.onboarded().await;
                let session = account.session().await;
                session.act(path).await.expect(201);
                self.ask(&session, route, path, none())
            }
            "DELETE /v1/settings/read-key" | "PUT /v1/settings/read-key/allowed-networks" => {
                self.session
                    .act("/v1/settings/read-key/rotate")
                    .await
                    .expect(201);
                let body = if route.starts_with("PUT") {
                    networks
                } else {
                    none()
                };
                self.ask(&self.session, route, path, body)
            }
            "POST /v1/settings/webhook-secret/rotate" => {
                self.ask(&self.session, route, path, overlap)
            }
            "POST /v1/settings/webhook-endpoints" => {
                self.endpoint().await;
                let body = json!({"url": format!("http://127.0.0.1:9/{n}")});
                self.keyed(&self.session, route, path, body)
            }
            "PATCH /v1/settings/webhook-endpoints/{id}" => {
                let id = self.endpoint().await;
                self.ask(
                    &self.session,
                    route,
                    &with(&id),
                    json!({"description": format!("{n}")}),
                )
            }
            "DELETE /v1/settings/webhook-endpoints/{id}" => {
                let id = self.endpoint().await;
                self.ask(&self.session, route, &with(&id), none())
            }
            "POST /v1/settings/webhook-endpoints/{id}/test" => {
                let id = self.endpoint().await;
                self.keyed(&self.session, route, &with(&id), none())
            }
            "POST /v1/settings/webhook-endpoints/{id}/secret/rotate" => {
                let id = self.endpoint().await;
                self.ask(&self.session, route, &with(&id), overlap)
            }
            "POST /v1/settings/webhook-deliveries/test" => {
                self.keyed(&self.key, route, path, none())
            }
            "POST /v1/settings/webhook-deliveries/recover" => self.keyed(
                &self.key,
                route,
                path,
                json!({"since": "2026-01-01T00:00:00Z"}),
            ),
            "POST /v1/settings/webhook-deliveries/{id}/redeliver" => {
                let id = self.delivery().await;
                self.keyed(&self.key, route, &with(&id), none())
            }
            "POST /v1/placements" => self.keyed(&self.key, route, path, invoice(&format!("N-{n}"))),
            "POST /v1/placements/batch" => {
                let rows = [invoice(&format!("B-{n}-1")), invoice(&format!("B-{n}-2"))];
                self.keyed(&self.key, route, path, json!({"placements": rows}))
            }
            "POST /v1/placements/{id}/unrecall" => {
                let id = self.placement().await;
                self.key
                    .act(&format!("/v1/placements/{id}/recall"))
                    .await
                    .expect(200);
                self.keyed(&self.key, route, &with(&id), none())
            }
            "POST /v1/placements/{id}/resume" => {
                let id = self.placement().await;
                self.key
                    .act(&format!("/v1/placements/{id}/pause"))
                    .await
                    .expect(200);
                self.keyed(&self.key, route, &with(&id), none())
            }
            "POST /v1/placements/{id}/recall" | "POST /v1/placements/{id}/pause" => {
                let id = self.placement().await;
                self.keyed(&self.key, route, &with(&id), none())
            }
            "POST /v1/placements/{id}/payment-received" => {
                let id = self.placement().await;
                self.keyed(&self.key, route, &with(&id), json!({"amount": "1.00"}))
            }
            "POST /v1/test/placements/{id}/advance" => {
                let id = self.placement().await;
                self.ask(&self.key, route, &with(&id), json!({"to": "ready"}))
            }
            "POST /integrations/stripe/webhook" => {
                let account = Account::sign_up(&self.server).await;
                account.link_stripe().await;
                let event = StripeEvent {
                    id: &format!("evt_{n}_{}", account.id),
                    account: &account.stripe_account,
                    created: 1_767_323_045,
                    payouts_enabled: true,
                    previous: Some(false),
                };
                let now_s = actors::clock::Clock::system().now_ms() / 1_000;
                self.event(event.sign(STRIPE_SECRET, now_s))
            }
            "POST /integrations/middesk/webhook" => {
                let account = Account::sign_up(&self.server).await;
                let event = MiddeskEvent {
                    id: &format!("mid_{n}_{}", account.id),
                    creditor: &account.id,
                    status: "approved",
                    created_at: "2026-01-02T03:04:05.000Z",
                };
                self.event(event.sign(MIDDESK_SECRET))
            }
            "POST /integrations/docusign/webhook" => {
                let account = Account::sign_up(&self.server).await;
                let event = DocusignEvent {
                    envelope: &format!("env_{n}_{}", account.id),
                    creditor: &account.id,
                    at: "2026-01-02T03:04:05.000Z",
                };
                self.event(event.sign(DOCUSIGN_KEY))
            }
            "PATCH /support/v1/creditors/{id}" => {
                let account = Account::sign_up(&self.server).await;
                let body = json!({
                    "stripe_account_id": account.stripe_account, "tier": "narrow",
                    "limits": {"key_rps": 7}, "reason": "changed",
                });
                self.ask(&self.support, route, &with(&account.id), body)
            }
            "POST /support/v1/creditors/{id}/api-key/rotate" => {
                let account = self.onboarded().await;
                let body = json!({"reason": "leaked", "overlap_hours": 0});
                self.ask(&self.support, route, &with(&account.id), body)
            }
            "POST /support/v1/creditors/{id}/api-key/revoke" => {
                let account = self.onboarded().await;
                self.ask(
                    &self.support,
                    route,
                    &with(&account.id),
                    json!({"reason": "leaked"}),
                )
            }
            "POST /support/v1/creditors/{id}/gates/{gate}" => {
                let account = Account::sign_up(&self.server).await;
                let body = json!({"passed": true, "reason": "on paper"});
                self.ask(&self.support, route, &with(&account.id), body)
            }
            "POST /support/v1/placements/transitions" => {
                let id = self.placement().await;
                let body = json!([{"placement_id": id, "to": "ready", "reason": "enriched"}]);
                self.ask(&self.support, route, path, body)
            }
            "POST /support/v1/placements/{id}/dispute" => {
                let id = self.placement_in(&["ready", "in_outreach"]).await;
                self.ask(
                    &self.support,
                    route,
                    &with(&id),
                    json!({"reason": "not ours"}),
                )
            }
            "POST /support/v1/placements/{id}/erase-webhook-payloads" => {
                let id = self.placement().await;
                self.ask(
                    &self.support,
                    route,
                    &with(&id),
                    json!({"reason": "asked for"}),
                )
            }
            "POST /support/v1/disputes/{id}/answer" => {
                let (_, dispute) = self.disputed().await;
                self.ask(
                    &self.support,
                    route,
                    &with(&dispute),
                    json!({"text": "it is"}),
                )
            }
            "POST /support/v1/webhook-deliveries/recover" => {
                let body = json!({"creditor_id": self.account.id, "since": "2026-01-01T00:00:00Z"});
                self.ask(&self.support, route, path, body)
            }
            _ => panic!("{route} has no request"),
        }
    }
}
