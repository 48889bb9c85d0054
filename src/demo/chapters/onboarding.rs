//! Sign-up, company details and the one-time reveal of the API key.
//!
//! [`super::provider_events`] covers the steps between them.

use secrecy::SecretString;
use serde_json::{Value, json};

use crate::demo::context::DemoContext;
use crate::demo::failure::Failure;
use crate::demo::random;
use crate::demo::request::{Call, Caller};
use crate::demo::response_check::{Answer, plain};

const EIN: &str = "84-2719053";

/// The creditor of the demo.
pub(in crate::demo) struct Account {
    /// The creditor id.
    pub(in crate::demo) id: String,
    /// The e-mail address of the dashboard user.
    pub(in crate::demo) email: String,
    /// The password of the dashboard user.
    pub(in crate::demo) password: SecretString,
    /// The onboarding token, which authenticates the creditor until it has a key.
    pub(in crate::demo) token: Caller,
}

/// Chapter 1: a new account with three pending gates and no key.
pub(in crate::demo) async fn sign_up(context: &DemoContext) -> Result<Account, Failure> {
    context.narrator.chapter("A creditor signs up");
    let email = format!("demo-{}@example.com", context.suffix);
    let password = random::hex(12);
    context.narrator.hide(&password);
    let body = json!({"company_name": "Brightwater Tools", "email": email, "password": password});
    let call = Call::post("/v1/creditors")
        .json(&body)
        .says(format!("Brightwater Tools, {email}"))
        .shows(&["/creditor/id", "/creditor/status", "/onboarding_token"]);
    let answer = context.ask(call, 201).await?;
    let account = Account {
        id: answer.string("/creditor/id")?,
        token: Caller::onboarding(&answer.string("/onboarding_token")?),
        password: SecretString::from(password),
        email,
    };
    let status = status(context, &account).await?;
    let pending = status.list("/pending")?;
    let all = ["kyb_verified", "payouts_enabled", "msa_on_file"];
    let three = all
        .iter()
        .all(|gate| pending.iter().any(|name| name == gate));
    context.check(
        three,
        "all three gates are pending",
        all.join(", "),
        list(&pending),
    )?;
    request_key_too_early(context, &account).await?;
    Ok(account)
}

async fn request_key_too_early(context: &DemoContext, account: &Account) -> Result<(), Failure> {
    let call = Call::post("/v1/creditors/me/api-key").by(&account.token);
    let answer = context.ask_refused(call, 409, "gates_pending").await?;
    let named = answer.list("/pending_gates")?;
    let what = "there is no key before all gates have passed; the error names the pending ones";
    context.check(named.len() == 3, what, "three pending_gates", list(&named))
}

/// Chapter 2: the company details of the onboarding checklist.
pub(in crate::demo) async fn company_details(
    context: &DemoContext,
    account: &Account,
) -> Result<(), Failure> {
    context.narrator.chapter("Company details");
    let body = json!({
        "legal_name": "Brightwater Tools LLC",
        "ein": EIN,
        "industry": "manufacturing",
        "state_of_incorporation": "DE",
        "business_address": {
            "line1": "1200 Harbor Street", "city": "Wilmington", "state": "DE",
            "postal_code": "19801", "country": "US",
        },
    });
    let call = Call::patch("/v1/creditors/me/setup")
        .by(&account.token)
        .json(&body)
        .says("legal name, EIN, industry, state, address")
        .shows(&["/next_step"]);
    let answer = context.ask(call, 200).await?;
    let next = plain(answer.at("/next_step")?);
    let done = next == "business_verification";
    context.check(
        done,
        "the step company_details is complete",
        "next_step business_verification",
        &next,
    )?;
    let leaks = answer.text().contains(EIN) || answer.text().contains(&EIN.replace('-', ""));
    context.check(
        !leaks,
        "the EIN is stored and not in the response",
        "no EIN",
        "the EIN",
    )
}

/// Chapter 5: the API key is shown once. Returns the key.
pub(in crate::demo) async fn reveal_once(
    context: &DemoContext,
    account: &Account,
) -> Result<Caller, Failure> {
    context.narrator.chapter("The key is shown once");
    let reveal = || {
        let call = Call::post("/v1/creditors/me/api-key").by(&account.token);
        context
            .client
            .ask(call.shows(&["/api_key", "/prefix", "/created_at"]))
    };
    let answer = reveal().await?.must_be(201)?;
    let (key, prefix) = (answer.string("/api_key")?, answer.string("/prefix")?);
    let shaped = prefix.chars().count() == 8 && key.starts_with(&format!("ca_{prefix}_"));
    context.check(
        shaped,
        "the key has the form ca_<8 characters>_<secret>",
        "this form",
        &key,
    )?;
    reveal().await?.must_refuse(409, "already_revealed")?;
    context.held("a second reveal is refused: only a hash of the secret is stored");
    Ok(Caller::key(&key))
}

/// Reads the onboarding status and prints the exchange.
pub(super) async fn status(context: &DemoContext, account: &Account) -> Result<Answer, Failure> {
    let call = status_call(account).shows(&["/status", "/pending", "/api_key/issued"]);
    context.ask(call, 200).await
}

/// Reads the onboarding status without printing anything.
pub(super) async fn quiet_status(
    context: &DemoContext,
    account: &Account,
) -> Result<Answer, Failure> {
    context.read(status_call(account)).await
}

fn status_call(account: &Account) -> Call<'_> {
    Call::get("/v1/creditors/me/status").by(&account.token)
}

/// JSON values as text, separated by commas.
pub(super) fn list(values: &[Value]) -> String {
    values.iter().map(plain).collect::<Vec<_>>().join(", ")
}
