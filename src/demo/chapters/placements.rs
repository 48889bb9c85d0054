//! The API key in use: the account, three placements, an idempotent repeat and two rejected placements.

use serde_json::{Value, json};

use crate::demo::context::DemoContext;
use crate::demo::failure::Failure;
use crate::demo::providers;
use crate::demo::request::{Call, Caller};

const CREATED: &[&str] = &["/id", "/status", "/balance"];

/// Chapter 6: three placements, one repeated request and two rejections.
pub(in crate::demo) async fn place(context: &DemoContext, key: &Caller) -> Result<(), Failure> {
    context.narrator.chapter("Invoices are placed");
    check_account(context, key).await?;
    repeat_with_same_key(context, key).await?;
    for (number, company, amount) in [
        (2, "Kestrel Freight Inc", "1840.50"),
        (3, "Harrow & Sons LLC", "990"),
    ] {
        let body = invoice(context, number, company, amount);
        let says = format!("{}, {company}, {amount}", number_of(context, number));
        create(context, key, &body, &says).await?;
    }
    context.held("three invoices are placed");
    consumer_debt(context, key).await?;
    duplicate(context, key).await
}

async fn check_account(context: &DemoContext, key: &Caller) -> Result<(), Failure> {
    let call = Call::get("/v1/settings").by(key).shows(&[
        "/name",
        "/status",
        "/kyb_cleared",
        "/payouts_enabled",
        "/msa_accepted",
        "/tier",
        "/outreach_ready",
    ]);
    let answer = context.ask(call, 200).await?;
    let facts = ["/kyb_cleared", "/payouts_enabled", "/msa_accepted"];
    let mut cleared = answer.string("/status")? == "verified";
    for fact in facts {
        cleared &= answer.truth(fact)?;
    }
    let limits = answer.header("ratelimit").unwrap_or_default().to_owned();
    context.check(
        cleared,
        "the key works, and the account is cleared",
        "all true",
        answer.text(),
    )?;
    let both = limits.contains("\"key\"") && limits.contains("\"tenant\"");
    let what = format!("every response shows both limits: RateLimit: {limits}");
    context.check(
        both,
        &what,
        "a RateLimit header with key and tenant",
        limits,
    )
}

async fn repeat_with_same_key(context: &DemoContext, key: &Caller) -> Result<(), Failure> {
    let body = invoice(context, 1, "Baker & Lane Supplies", "7500.00");
    let header = format!("demo-{}-1", context.suffix);
    let says = format!("{}, Baker & Lane Supplies, 7500.00", number_of(context, 1));
    let send = || {
        let call = Call::post("/v1/placements")
            .by(key)
            .header("Idempotency-Key", &header);
        context
            .client
            .ask(call.json(&body).says(&says).shows(CREATED))
    };
    let first = send().await?.must_be(201)?;
    context.says("Suppose the connection was lost. The client sends the same request again:");
    let second = send().await?.must_be(201)?;
    let replayed = second
        .header("idempotent-replayed")
        .unwrap_or("no such header")
        .to_owned();
    let what = "the response repeats the first one, with Idempotent-Replayed: true";
    context.check(
        replayed == "true",
        what,
        "Idempotent-Replayed: true",
        replayed,
    )?;
    let (first, second) = (first.string("/id")?, second.string("/id")?);
    context.check(
        first == second,
        "there is one placement, not two",
        first,
        &second,
    )
}

async fn consumer_debt(context: &DemoContext, key: &Caller) -> Result<(), Failure> {
    let mut body = invoice(context, 4, "Jane Miller", "250.00");
    body["debtor"]["kind"] = json!("individual");
    let call = Call::post("/v1/placements")
        .by(key)
        .json(&body)
        .says(format!("{}, debtor.kind individual", number_of(context, 4)));
    context.ask_refused(call, 422, "consumer_debt").await?;
    context.held("a consumer debt is refused");
    Ok(())
}

async fn duplicate(context: &DemoContext, key: &Caller) -> Result<(), Failure> {
    let body = invoice(context, 2, "Kestrel Freight Inc", "1840.50");
    let says = format!(
        "{} again, without an Idempotency-Key",
        number_of(context, 2)
    );
    let call = Call::post("/v1/placements").by(key).json(&body).says(says);
    context.ask_refused(call, 409, "duplicate_invoice").await?;
    context.held("the same invoice number is refused the second time");
    let call = Call::get("/v1/placements").by(key).shows(&["/total"]);
    let total = context.ask(call, 200).await?.at("/total")?.clone();
    context.check(
        total == 3,
        "the refused requests stored nothing",
        "total 3",
        total.to_string(),
    )
}

/// Places one more invoice. Returns the placement id.
pub(in crate::demo) async fn place_one_more(
    context: &DemoContext,
    key: &Caller,
) -> Result<String, Failure> {
    let body = invoice(context, 5, "Tidewater Printing Co", "3120.00");
    let says = format!("{}, Tidewater Printing Co, 3120.00", number_of(context, 5));
    create(context, key, &body, &says).await
}

async fn create(
    context: &DemoContext,
    key: &Caller,
    body: &Value,
    says: &str,
) -> Result<String, Failure> {
    let call = Call::post("/v1/placements")
        .by(key)
        .json(body)
        .says(says)
        .shows(CREATED);
    context.ask(call, 201).await?.string("/id")
}

fn number_of(context: &DemoContext, number: u32) -> String {
    format!("INV-{}-{number}", context.suffix)
}

fn invoice(context: &DemoContext, number: u32, company: &str, amount: &str) -> Value {
    let (invoice_date, due_date) = providers::overdue(context.clock.now_ms());
    json!({
        "invoice_number": number_of(context, number),
        "invoice_amount": amount,
        "invoice_date": invoice_date,
        "due_date": due_date,
        "debtor": {
            "company_name": company,
            "primary_email": "ap@example.net",
            "state": "OH",
            "external_debtor_ref": format!("{}-debtor-{number}", context.suffix),
        },
    })
}
