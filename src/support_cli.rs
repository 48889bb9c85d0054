//! `partner-api support …`: the support API from the command line.
//!
//! Owns the translation of a command into one HTTP request. Never opens the database, so every command passes the same
//! checks and the same audit log as any other support call.

use std::error::Error;
use std::time::Duration;

use clap::{Args, Subcommand};
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use uuid::Uuid;

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

#[derive(Debug, Subcommand)]
enum SupportCommand {
    /// Find creditors
    Creditors {
        /// Part of the name or e-mail address
        q: Option<String>,
    },
    /// Show one creditor
    Creditor {
        /// Creditor id
        id: Uuid,
    },
    /// Replace a creditor's API key and print the new one; it cannot be shown again
    RotateKey {
        /// Creditor id
        id: Uuid,
        /// Reason for the audit log
        #[arg(long)]
        reason: String,
        /// Hours for which the old key keeps working
        #[arg(long, default_value_t = 0)]
        overlap_hours: u32,
    },
    /// Revoke every API key of a creditor
    RevokeKey {
        /// Creditor id
        id: Uuid,
        /// Reason for the audit log
        #[arg(long)]
        reason: String,
    },
    /// Set an onboarding gate
    Gate {
        /// Creditor id
        id: Uuid,
        /// `kyb_verified`, `payouts_enabled` or `msa_on_file`
        gate: String,
        /// Whether the gate has passed
        #[arg(long, action = clap::ArgAction::Set)]
        passed: bool,
        /// Reason for the audit log
        #[arg(long)]
        reason: String,
    },
    /// Link a Stripe account and replay the events that were stored for it
    LinkStripe {
        /// Creditor id
        id: Uuid,
        /// Stripe account id
        account: String,
        /// Reason for the audit log
        #[arg(long)]
        reason: String,
    },
    /// Show the live supervision tree
    Actors,
    /// Show the audit log, newest first
    Audit {
        /// Only entries of this creditor id
        #[arg(long)]
        creditor: Option<Uuid>,
        /// Only entries with this action, e.g. creditor.api_key_issued
        #[arg(long)]
        action: Option<String>,
    },
}

/// One request of the support API.
struct Call {
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    body: Option<Value>,
}

/// Sends the request. Returns the JSON of the response, or the reason of the failure.
pub(crate) async fn run(args: SupportArgs, flags: &Flags) -> Result<String, Box<dyn Error>> {
    let (url, token) = Config::support_access(flags)?;
    let base = args.url.unwrap_or(url);
    send(base.trim_end_matches('/'), &token, call(args.command)).await
}

fn call(command: SupportCommand) -> Call {
    match command {
        SupportCommand::Creditors { q } => get("/creditors".into()).with("q", q),
        SupportCommand::Creditor { id } => get(format!("/creditors/{id}")),
        SupportCommand::RotateKey {
            id,
            reason,
            overlap_hours,
        } => {
            let body = json!({"reason": reason, "overlap_hours": overlap_hours});
            post(format!("/creditors/{id}/api-key/rotate"), body)
        }
        SupportCommand::RevokeKey { id, reason } => {
            let body = json!({"reason": reason});
            post(format!("/creditors/{id}/api-key/revoke"), body)
        }
        SupportCommand::Gate {
            id,
            gate,
            passed,
            reason,
        } => {
            let gate: String = url::form_urlencoded::byte_serialize(gate.as_bytes()).collect();
            let body = json!({"passed": passed, "reason": reason});
            post(format!("/creditors/{id}/gates/{gate}"), body)
        }
        SupportCommand::LinkStripe {
            id,
            account,
            reason,
        } => {
            let body = json!({"stripe_account_id": account, "reason": reason});
            let call = post(format!("/creditors/{id}"), body);
            Call {
                method: Method::PATCH,
                ..call
            }
        }
        SupportCommand::Actors => get("/actors".into()),
        SupportCommand::Audit { creditor, action } => get("/audit".into())
            .with("creditor_id", creditor.map(|id| id.to_string()))
            .with("action", action),
    }
}

fn get(path: String) -> Call {
    Call {
        method: Method::GET,
        path,
        query: Vec::new(),
        body: None,
    }
}

fn post(path: String, body: Value) -> Call {
    Call {
        method: Method::POST,
        body: Some(body),
        ..get(path)
    }
}

impl Call {
    fn with(mut self, name: &'static str, value: Option<String>) -> Self {
        self.query.extend(value.map(|value| (name, value)));
        self
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_maps_to_one_request() {
        let audit = call(SupportCommand::Audit {
            creditor: None,
            action: Some("x".into()),
        });
        assert_eq!(
            (audit.path.as_str(), audit.query),
            ("/audit", vec![("action", "x".to_owned())])
        );
        let id = Uuid::nil();
        let gate = call(SupportCommand::Gate {
            id,
            gate: "../x".into(),
            passed: true,
            reason: "r".into(),
        });
        assert_eq!(gate.path, format!("/creditors/{id}/gates/..%2Fx"));
        let link = call(SupportCommand::LinkStripe {
            id,
            account: "acct_1".into(),
            reason: "r".into(),
        });
        assert_eq!(
            (
                link.method,
                link.body.unwrap()["stripe_account_id"].as_str()
            ),
            (Method::PATCH, Some("acct_1"))
        );
    }
}
