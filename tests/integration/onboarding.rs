//! Onboarding: gates, provider events in any order, and an API key that is issued and revealed once.

use serde_json::json;
use test_support::provider_events::{MiddeskEvent, StripeEvent};

use crate::harness::providers::{self, STRIPE_SECRET};
use crate::harness::{Account, TestDatabase, TestServer, on_both_backends};

on_both_backends!(
    key_is_revealed_once_after_all_gates_pass,
    concurrent_reveals_return_the_key_once,
    fifty_concurrent_events_issue_exactly_one_key,
    event_with_invalid_signature_is_not_stored,
    linking_an_account_applies_its_stored_events,
    relinked_account_uses_only_its_own_events,
    late_and_duplicate_events_keep_the_latest_fact,
    payouts_disabled_later_keep_the_key_valid,
    gate_repair_by_support_is_audited,
    agreement_cannot_be_accepted_with_an_api_key,
    company_details_are_locked_when_review_begins,
    sweep_issues_missing_keys,
    second_sign_up_with_same_email_is_refused,
    audit_log_is_append_only,
);

async fn key_is_revealed_once_after_all_gates_pass(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let account = Account::sign_up(&server.http).await;
    let early = account.applicant.act("/v1/creditors/me/api-key").await;
    assert_eq!((early.status, early.code()), (409, "gates_pending"));
    assert_eq!(
        early.body["pending_gates"],
        json!(["kyb_verified", "payouts_enabled", "msa_on_file"])
    );
    assert!(
        early.body["detail"]
            .as_str()
            .unwrap()
            .contains("payouts_enabled")
    );
    account.onboard().await;
    let status = account
        .applicant
        .get("/v1/creditors/me/status")
        .await
        .expect(200);
    assert_eq!(
        (
            &status["status"],
            &status["api_key"]["issued"],
            &status["api_key"]["revealed"]
        ),
        (&json!("verified"), &json!(true), &json!(false))
    );
    let key = account.reveal().await;
    let again = account.applicant.act("/v1/creditors/me/api-key").await;
    assert_eq!((again.status, again.code()), (409, "already_revealed"));
    let settings = key.get("/v1/settings").await.expect(200);
    assert_eq!(settings["api_key_prefix"], status["api_key"]["prefix"]);
    server.stop().await;
}

async fn concurrent_reveals_return_the_key_once(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let account = Account::sign_up(&server.http).await;
    account.onboard().await;
    let reveals = (0..20).map(|_| account.applicant.act("/v1/creditors/me/api-key"));
    let answers = futures::future::join_all(reveals).await;
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 201).count(),
        1
    );
    assert!(
        answers
            .iter()
            .filter(|answer| answer.status != 201)
            .all(|answer| answer.code() == "already_revealed")
    );
    server.stop().await;
}

async fn fifty_concurrent_events_issue_exactly_one_key(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let account = Account::sign_up(&server.http).await;
    account.link_stripe().await;
    // Events of three providers, duplicated and shuffled: 7 and 50 are coprime.
    let facts = (0..50).map(|n| account.send_fact(&server.http, n * 7 % 50));
    let statuses = futures::future::join_all(facts).await;
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    assert_eq!(database.number("SELECT count(*) FROM api_key").await, 1);
    assert_eq!(
        database
            .number("SELECT count(*) FROM audit_event WHERE action = 'creditor.api_key_issued'")
            .await,
        1
    );
    server.stop().await;
}

async fn event_with_invalid_signature_is_not_stored(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let account = Account::sign_up(&server.http).await;
    let event = StripeEvent {
        id: "evt_1",
        account: &account.stripe_account,
        created: 1_767_323_045,
        payouts_enabled: true,
        previous: None,
    };
    let forged = server
        .http
        .post_raw(
            "/integrations/stripe/webhook",
            event.sign(STRIPE_SECRET, 1).body,
            &[("Stripe-Signature", "t=1,v1=00")],
        )
        .await;
    assert_eq!((forged.status, forged.code()), (403, "invalid_signature"));
    let bare = server
        .http
        .post_raw("/integrations/middesk/webhook", "{}".to_owned(), &[])
        .await;
    assert_eq!((bare.status, bare.code()), (403, "invalid_signature"));
    assert_eq!(
        database
            .number("SELECT count(*) FROM onboarding_event")
            .await,
        0
    );
    server.stop().await;
}

async fn linking_an_account_applies_its_stored_events(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let account = Account::sign_up(&server.http).await;
    assert_eq!(
        account.send_fact(&server.http, 0).await,
        202,
        "the event is stored until the account is linked"
    );
    assert_eq!(
        account.send_fact(&server.http, 0).await,
        200,
        "the event is stored only once"
    );
    assert_eq!(account.send_fact(&server.http, 1).await, 200);
    assert_eq!(account.send_fact(&server.http, 2).await, 200);
    let status = account
        .applicant
        .get("/v1/creditors/me/status")
        .await
        .expect(200);
    assert_eq!(status["pending"], json!(["payouts_enabled"]));
    account.link_stripe().await;
    let status = account
        .applicant
        .get("/v1/creditors/me/status")
        .await
        .expect(200);
    assert_eq!(
        (&status["pending"], &status["api_key"]["issued"]),
        (&json!([]), &json!(true))
    );
    server.stop().await;
}

async fn relinked_account_uses_only_its_own_events(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let account = Account::sign_up(&server.http).await;
    account.link_stripe().await;
    account.send_fact(&server.http, 0).await;
    let pending = || async {
        account
            .applicant
            .get("/v1/creditors/me/status")
            .await
            .expect(200)["pending"]
            .clone()
    };
    assert_eq!(pending().await, json!(["kyb_verified", "msa_on_file"]));
    let path = format!("/support/v1/creditors/{}", account.id);
    let link = |to: serde_json::Value| {
        let (support, path) = (server.support(), path.clone());
        async move {
            support
                .patch(
                    &path,
                    json!({"stripe_account_id": to, "reason": "wrong one"}),
                )
                .await
        }
    };
    link(json!("acct_right")).await.expect(200);
    let all = json!(["kyb_verified", "payouts_enabled", "msa_on_file"]);
    assert_eq!(
        pending().await,
        all,
        "the event belongs to the other account"
    );
    link(json!(account.stripe_account)).await.expect(200);
    let without_payouts = json!(["kyb_verified", "msa_on_file"]);
    assert_eq!(
        pending().await,
        without_payouts,
        "the events of the account are applied again"
    );
    let other = Account::sign_up(&server.http).await;
    let taken = server
        .support()
        .patch(
            &format!("/support/v1/creditors/{}", other.id),
            json!({"stripe_account_id": account.stripe_account, "reason": "mix-up"}),
        )
        .await;
    assert_eq!((taken.status, taken.code()), (422, "validation_failed"));
    link(serde_json::Value::Null).await.expect(200);
    server
        .support()
        .patch(
            &format!("/support/v1/creditors/{}", other.id),
            json!({"stripe_account_id": account.stripe_account, "reason": "sorted out"}),
        )
        .await
        .expect(200);
    let moved = other
        .applicant
        .get("/v1/creditors/me/status")
        .await
        .expect(200);
    assert_eq!(moved["pending"], json!(["kyb_verified", "msa_on_file"]));
    server.stop().await;
}

async fn late_and_duplicate_events_keep_the_latest_fact(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let account = Account::sign_up(&server.http).await;
    account.link_stripe().await;
    let stripe = |id: &'static str, created, payouts_enabled, previous| {
        let (http, account) = (server.http.clone(), account.stripe_account.clone());
        async move {
            let event = StripeEvent {
                id,
                account: &account,
                created,
                payouts_enabled,
                previous,
            };
            providers::stripe(&http, &event).await.expect(200)["outcome"]
                .as_str()
                .unwrap()
                .to_owned()
        }
    };
    let gate = || async {
        let status = account
            .applicant
            .get("/v1/creditors/me/status")
            .await
            .expect(200);
        let gate = &status["gates"][1];
        (
            gate["passed"].as_bool().unwrap(),
            gate["unconfirmed"].as_bool().unwrap(),
        )
    };
    stripe("evt_2", 2_000, true, None).await;
    assert_eq!(gate().await, (true, false));
    stripe("evt_1", 1_000, false, None).await;
    assert_eq!(
        gate().await,
        (true, false),
        "an older event that arrives late is ignored"
    );
    stripe("evt_3", 2_000, false, None).await;
    assert_eq!(
        gate().await,
        (false, true),
        "an undecided tie does not pass the gate"
    );
    stripe("evt_4", 2_000, true, Some(false)).await;
    assert_eq!(
        gate().await,
        (true, false),
        "previous_attributes decides the tie"
    );
    stripe("evt_4", 2_000, false, None).await;
    assert_eq!(gate().await, (true, false), "an event id is applied once");
    server.stop().await;
}

async fn payouts_disabled_later_keep_the_key_valid(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (account, key) = Account::ready(&server.http).await;
    for (id, created, on) in [
        ("evt_off", 1_800_000_000, false),
        ("evt_on", 1_800_000_001, true),
    ] {
        let event = StripeEvent {
            id,
            account: &account.stripe_account,
            created,
            payouts_enabled: on,
            previous: Some(!on),
        };
        providers::stripe(&server.http, &event).await.expect(200);
        let settings = key.get("/v1/settings").await.expect(200);
        assert_eq!(settings["payouts_enabled"], json!(on));
    }
    assert_eq!(database.number("SELECT count(*) FROM api_key").await, 1);
    server.stop().await;
}

async fn gate_repair_by_support_is_audited(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let account = Account::sign_up(&server.http).await;
    account.link_stripe().await;
    account.send_fact(&server.http, 0).await;
    account.send_fact(&server.http, 1).await;
    let path = format!("/support/v1/creditors/{}/gates/msa_on_file", account.id);
    let repaired = server
        .support()
        .post(&path, json!({"passed": true, "reason": "signed on paper"}))
        .await
        .expect(200);
    assert_eq!(repaired["api_key"]["issued"], json!(true));
    let audit = server
        .support()
        .get(&format!(
            "/support/v1/audit?creditor_id={}&action=creditor.gate_repaired",
            account.id
        ))
        .await
        .expect(200);
    assert_eq!(
        audit["events"][0]["data"]["reason"],
        json!("signed on paper")
    );
    assert_eq!(audit["events"][0]["actor"], json!("support"));
    server.stop().await;
}

async fn agreement_cannot_be_accepted_with_an_api_key(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let account = Account::sign_up(&server.http).await;
    let current = account
        .applicant
        .get("/v1/agreements/current")
        .await
        .expect(200);
    let accept = json!({"signatory_name": "Ann Owner", "version": current["version"]});
    let old = json!({"signatory_name": "Ann Owner", "version": "1999-01"});
    let refused = account
        .applicant
        .post("/v1/agreements/current/accept", old)
        .await;
    assert_eq!((refused.status, refused.code()), (422, "validation_failed"));
    let accepted = account
        .applicant
        .post("/v1/agreements/current/accept", accept.clone())
        .await
        .expect(200);
    assert_eq!(accepted["accepted"], json!(true));
    let status = account
        .applicant
        .get("/v1/creditors/me/status")
        .await
        .expect(200);
    assert_eq!(
        status["pending"],
        json!(["kyb_verified", "payouts_enabled"])
    );
    account.onboard().await;
    let key = account.reveal().await;
    let refused = key.post("/v1/agreements/current/accept", accept).await;
    assert_eq!(
        (refused.status, refused.code()),
        (403, "dashboard_session_required")
    );
    server.stop().await;
}

async fn company_details_are_locked_when_review_begins(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let account = Account::sign_up(&server.http).await;
    let details = json!({
        "legal_name": "Acme Receivables LLC", "ein": "12-3456789", "industry": "logistics", "state_of_incorporation": "OH",
        "business_address": {"line1": "1 Main St", "city": "Dayton", "state": "OH", "postal_code": "45402", "country": "US"},
    });
    let setup = account
        .applicant
        .patch("/v1/creditors/me/setup", details.clone())
        .await
        .expect(200);
    assert_eq!(setup["next_step"], json!("business_verification"));
    assert!(
        !setup.to_string().contains("3456789"),
        "the EIN is never returned"
    );
    assert_eq!(setup["company"]["ein_on_file"], json!(true));
    let in_review = MiddeskEvent {
        id: "m1",
        creditor: &account.id,
        status: "in_review",
        created_at: "2026-01-02T03:04:05Z",
    };
    providers::middesk(&server.http, &in_review)
        .await
        .expect(200);
    let locked = account
        .applicant
        .patch("/v1/creditors/me/setup", details)
        .await;
    assert_eq!((locked.status, locked.code()), (409, "setup_locked"));
    server.stop().await;
}

async fn sweep_issues_missing_keys(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let account = Account::sign_up(&server.http).await;
    server.stop().await;
    // All gates pass, but no key was issued. The service itself never creates this state.
    let id = database.uuid(&account.id);
    for gate in ["kyb_verified", "payouts_enabled", "msa_on_file"] {
        let row = format!(
            "INSERT INTO gate (creditor_id, gate, fact_at_ms, seen, source, changed_ms) VALUES ({id}, '{gate}', 1, 4, 'test', 1)"
        );
        database.execute(&row).await.unwrap();
    }
    let server = TestServer::start(&database).await;
    crate::harness::eventually("the sweep issues the key", || async {
        let status = server
            .support()
            .get(&format!("/support/v1/creditors/{}", account.id))
            .await
            .expect(200);
        (status["api_key"]["issued"] == json!(true)).then_some(())
    })
    .await;
    server.stop().await;
}

async fn second_sign_up_with_same_email_is_refused(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let account = Account::sign_up(&server.http).await;
    let body = json!({"company_name": "Again", "email": account.email.to_uppercase(), "password": "another password 1"});
    let again = server.http.post("/v1/creditors", body).await;
    assert_eq!((again.status, again.code()), (409, "email_taken"));
    let wrong = json!({"email": account.email, "password": "not the password"});
    let refused = server.http.post("/v1/sessions", wrong).await;
    assert_eq!(
        (refused.status, refused.code()),
        (401, "invalid_credentials")
    );
    let session = account.session().await;
    session.get("/v1/settings").await.expect(200);
    assert_eq!(session.delete("/v1/sessions/current").await.status, 204);
    assert_eq!(session.get("/v1/settings").await.code(), "invalid_session");
    server.stop().await;
}

async fn audit_log_is_append_only(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    Account::sign_up(&server.http).await;
    for statement in [
        "UPDATE audit_event SET actor = 'nobody'",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
    ] {
        let refused = database.execute(statement).await;
        let by_trigger = refused
            .clone()
            .is_err_and(|error| error.contains("append-only"));
        let unknown_to_sqlite =
            !database.is_postgres() && statement.starts_with("TRUNCATE") && refused.is_err();
        assert!(by_trigger || unknown_to_sqlite, "{statement}: {refused:?}");
    }
    assert!(database.number("SELECT count(*) FROM audit_event").await > 0);
    server.stop().await;
}
