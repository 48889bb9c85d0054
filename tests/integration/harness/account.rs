//! A creditor, from sign-up to API key, through the public API.

use serde_json::{Value, json};
use test_support::provider_events::{DocusignEvent, MiddeskEvent, StripeEvent};
use uuid::Uuid;

use super::Http;
use super::providers;
use super::server::SUPPORT_TOKEN;

pub(crate) const PASSWORD: &str = "correct horse battery";

/// A creditor that has signed up.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) stripe_account: String,
    /// A client with the onboarding token.
    pub(crate) applicant: Http,
    anonymous: Http,
}

impl Account {
    /// Signs up a new creditor.
    pub(crate) async fn sign_up(http: &Http) -> Self {
        let unique = Uuid::now_v7().simple().to_string();
        let email = format!("{unique}@creditor.test");
        let body =
            json!({"company_name": "Acme Receivables", "email": email, "password": PASSWORD});
        let answer = http.post("/v1/creditors", body).await.expect(201);
        Self {
            id: answer["creditor"]["id"].as_str().unwrap().to_owned(),
            email,
            stripe_account: format!("acct_{unique}"),
            applicant: http.bearer(answer["onboarding_token"].as_str().unwrap()),
            anonymous: http.clone(),
        }
    }

    /// Links the Stripe account, as support.
    pub(crate) async fn link_stripe(&self) {
        let support = self.anonymous.bearer(SUPPORT_TOKEN);
        let body =
            json!({"stripe_account_id": self.stripe_account, "reason": "linked by the tests"});
        support
            .patch(&format!("/support/v1/creditors/{}", self.id), body)
            .await
            .expect(200);
    }

    /// Sends the provider event of gate `number % 3` and returns the response status.
    pub(crate) async fn send_fact(&self, http: &Http, number: usize) -> u16 {
        let at = "2026-01-02T03:04:05.000Z";
        let response = match number % 3 {
            0 => {
                let event = StripeEvent {
                    id: &format!("evt_{}", self.id),
                    account: &self.stripe_account,
                    created: 1_767_323_045,
                    payouts_enabled: true,
                    previous: Some(false),
                };
                providers::stripe(http, &event).await
            }
            1 => {
                let event = MiddeskEvent {
                    id: &format!("mid_{}", self.id),
                    creditor: &self.id,
                    status: "approved",
                    created_at: at,
                };
                providers::middesk(http, &event).await
            }
            _ => {
                let event = DocusignEvent {
                    envelope: &format!("env_{}", self.id),
                    creditor: &self.id,
                    at,
                };
                providers::docusign(http, &event).await
            }
        };
        response.status
    }

    /// Passes all three gates, so that the key is issued.
    pub(crate) async fn onboard(&self) {
        self.link_stripe().await;
        for number in 0..3 {
            assert_eq!(self.send_fact(&self.anonymous, number).await, 200);
        }
    }

    /// Reveals the key and returns a client that uses it.
    pub(crate) async fn reveal(&self) -> Http {
        let revealed = self
            .applicant
            .act("/v1/creditors/me/api-key")
            .await
            .expect(201);
        self.anonymous.bearer(revealed["api_key"].as_str().unwrap())
    }

    /// The same creditor, at another server of the same database.
    pub(crate) fn at(&self, http: &Http) -> Self {
        Self {
            anonymous: http.clone(),
            ..self.clone()
        }
    }

    /// Signs in and returns a client with the session token.
    pub(crate) async fn session(&self) -> Http {
        let body = json!({"email": self.email, "password": PASSWORD});
        let session = self.anonymous.post("/v1/sessions", body).await.expect(201);
        self.anonymous
            .bearer(session["session_token"].as_str().unwrap())
    }

    /// Sets the webhook URL and returns the signing secret.
    pub(crate) async fn set_webhook(&self, url: &str) -> String {
        let session = self.session().await;
        session
            .patch("/v1/settings", json!({"webhook_url": url}))
            .await
            .expect(200);
        let secret = session.get("/v1/settings/webhook-secret").await.expect(200);
        secret["secret"].as_str().unwrap().to_owned()
    }

    /// Creates a creditor that has completed onboarding, and a client with its API key.
    pub(crate) async fn ready(http: &Http) -> (Self, Http) {
        let account = Self::sign_up(http).await;
        account.onboard().await;
        let key = account.reveal().await;
        (account, key)
    }
}

/// The request body of a placement.
pub(crate) fn invoice(number: &str) -> Value {
    json!({
        "invoice_amount": "7500.00", "invoice_number": number,
        "invoice_date": "2026-01-01", "due_date": "2026-02-01",
        "debtor": {"company_name": "Late Payer Ltd", "external_debtor_ref": "C-1"},
    })
}

/// Creates a placement and returns its id.
pub(crate) async fn place(key: &Http, number: &str) -> String {
    let placed = key
        .post("/v1/placements", invoice(number))
        .await
        .expect(201);
    placed["id"].as_str().unwrap().to_owned()
}
