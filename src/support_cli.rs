//! `partner-api support …`: the support API from the command line.
//!
//! Owns the translation of a command into one HTTP request. Never opens the database, so every command passes the same
//! checks and the same audit log as any other support call.

mod command;

use std::error::Error;
use std::time::Duration;

use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use self::command::{Call, SupportCommand, call};
use crate::config::{Config, Flags};

const TIMEOUT: Duration = Duration::from_secs(30);

/// The support command line.
#[derive(Debug, Args)]
pub(crate) struct SupportArgs {
    /// URL of the server; defaults to the listen address of the same settings
    #[arg(long, global = true)]
    url: Option<String>,
    #[command(subcommand)]
    command: SupportCommand,
}

/// Sends the request. Returns the JSON of the response, or the reason of the failure.
pub(crate) async fn run(args: SupportArgs, flags: &Flags) -> Result<String, Box<dyn Error>> {
    let (url, token) = Config::support_access(flags)?;
    let base = args.url.unwrap_or(url);
    send(base.trim_end_matches('/'), &token, call(args.command)).await
}

async fn send(base: &str, token: &SecretString, call: Call) -> Result<String, Box<dyn Error>> {
    let target = format!("{base}/support/v1{}", call.path);
    let target = url::Url::parse_with_params(&target, &call.query)
        .map_err(|error| format!("{base}: {error}"))?;
    // A redirect could send the token to another server.
    let client = reqwest::Client::builder()
        .timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let mut request = client
        .request(call.method, target)
        .bearer_auth(token.expose_secret());
    if let Some(body) = call.body {
        request = request.json(&body);
    }
    let response = request
        .send()
        .await
        .map_err(|error| format!("{base} cannot be reached: {}", error.without_url()))?;
    let status = response.status();
    let text = response.text().await.map_err(reqwest::Error::without_url)?;
    let answer: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    if !status.is_success() {
        let detail = answer["detail"].as_str();
        let detail = detail.unwrap_or("the response has no detail");
        return Err(format!("{status}: {detail}").into());
    }
    if answer.is_null() {
        return Ok("done".into());
    }
    Ok(serde_json::to_string_pretty(&answer)?)
}
