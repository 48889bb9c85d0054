//! The commands of `partner-api support`, each of which is one request of the support API.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

#[derive(Debug, Subcommand)]
pub(super) enum SupportCommand {
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
    /// Suspend a creditor, end its suspension, or correct the outcome of its review
    SetStatus {
        /// Creditor id
        id: Uuid,
        /// `suspended`, `verified`, `rejected` and so on
        status: String,
        /// Reason for the audit log
        #[arg(long)]
        reason: String,
    },
    /// Set the tier of a creditor
    SetTier {
        /// Creditor id
        id: Uuid,
        /// Name of a configured tier
        tier: String,
        /// Reason for the audit log
        #[arg(long)]
        reason: String,
    },
    /// Override the limits of a creditor's tier; without a limit, the override is removed
    SetLimits {
        /// Creditor id
        id: Uuid,
        #[command(flatten)]
        limits: Limits,
        /// Reason for the audit log
        #[arg(long)]
        reason: String,
    },
    /// Report the new status of a placement
    Transition {
        /// Placement id
        id: Uuid,
        /// The new status, e.g. in_outreach
        to: String,
        /// Reason of the transition
        #[arg(long)]
        reason: Option<String>,
    },
    /// Record that the debtor disputes a placement
    Dispute {
        /// Placement id
        id: Uuid,
        /// Reason in the words of the debtor
        #[arg(long)]
        reason: String,
    },
    /// Record the answer to a dispute
    AnswerDispute {
        /// Dispute id
        id: Uuid,
        /// The answer that the debtor received
        #[arg(long)]
        text: String,
    },
    /// Erase the payloads of all events about a placement
    ErasePayloads {
        /// Placement id
        id: Uuid,
        /// Reason for the audit log
        #[arg(long)]
        reason: String,
    },
    /// List webhook deliveries, newest first
    Deliveries {
        /// Only those of this creditor id
        #[arg(long)]
        creditor: Option<Uuid>,
        /// Only those with this status, e.g. exhausted
        #[arg(long)]
        status: Option<String>,
    },
    /// Send again whatever a creditor did not receive in a time range
    Recover {
        /// Creditor id
        id: Uuid,
        /// Begin of the range, RFC 3339, e.g. 2026-01-31T00:00:00Z
        #[arg(long)]
        since: String,
        /// End of the range; without it, until now
        #[arg(long)]
        until: Option<String>,
    },
    /// Show the progress of a recovery
    Recovery {
        /// Recovery id
        id: Uuid,
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

/// Limits of one creditor. For absent ones those of the tier apply.
#[derive(Debug, Args)]
pub(super) struct Limits {
    /// Requests per second of each API key
    #[arg(long)]
    key_rps: Option<u32>,
    /// Burst of each API key
    #[arg(long)]
    key_burst: Option<u32>,
    /// Requests per second of the creditor
    #[arg(long)]
    tenant_rps: Option<u32>,
    /// Burst of the creditor
    #[arg(long)]
    tenant_burst: Option<u32>,
    /// Concurrent requests of the creditor
    #[arg(long)]
    concurrency: Option<u32>,
}

impl Limits {
    /// The body of an override; null without any limit.
    fn to_json(&self) -> Value {
        let limits = [
            ("key_rps", self.key_rps),
            ("key_burst", self.key_burst),
            ("tenant_rps", self.tenant_rps),
            ("tenant_burst", self.tenant_burst),
            ("concurrency", self.concurrency),
        ];
        let set = limits
            .into_iter()
            .filter_map(|(name, limit)| Some((name.to_owned(), limit?.into())));
        let set: serde_json::Map<String, Value> = set.collect();
        match set.is_empty() {
            true => Value::Null,
            false => set.into(),
        }
    }
}

/// One request of the support API.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) body: Option<Value>,
}

/// The request of a command.
pub(super) fn call(command: SupportCommand) -> Call {
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
            change(id, body)
        }
        SupportCommand::SetStatus { id, status, reason } => {
            change(id, json!({"status": status, "reason": reason}))
        }
        SupportCommand::SetTier { id, tier, reason } => {
            change(id, json!({"tier": tier, "reason": reason}))
        }
        SupportCommand::SetLimits { id, limits, reason } => {
            change(id, json!({"limits": limits.to_json(), "reason": reason}))
        }
        SupportCommand::Transition { id, to, reason } => {
            let mut line = json!({"placement_id": id, "to": to});
            if let Some(reason) = reason {
                line["reason"] = reason.into();
            }
            post("/placements/transitions".into(), json!([line]))
        }
        SupportCommand::Dispute { id, reason } => {
            let body = json!({"reason": reason});
            post(format!("/placements/{id}/dispute"), body)
        }
        SupportCommand::AnswerDispute { id, text } => {
            post(format!("/disputes/{id}/answer"), json!({"text": text}))
        }
        SupportCommand::ErasePayloads { id, reason } => {
            let body = json!({"reason": reason});
            post(format!("/placements/{id}/erase-webhook-payloads"), body)
        }
        SupportCommand::Deliveries { creditor, status } => get("/webhook-deliveries".into())
            .with("creditor_id", creditor.map(|id| id.to_string()))
            .with("status", status),
        SupportCommand::Recover { id, since, until } => {
            let mut body = json!({"creditor_id": id, "since": since});
            if let Some(until) = until {
                body["until"] = until.into();
            }
            post("/webhook-deliveries/recover".into(), body)
        }
        SupportCommand::Recovery { id } => get(format!("/webhook-recoveries/{id}")),
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

/// Changes a creditor.
fn change(id: Uuid, body: Value) -> Call {
    Call {
        method: Method::PATCH,
        ..post(format!("/creditors/{id}"), body)
    }
}

impl Call {
    fn with(mut self, name: &'static str, value: Option<String>) -> Self {
        self.query.extend(value.map(|value| (name, value)));
        self
    }
}

#[cfg(test)]
#[path = "command_tests.rs"]
mod tests;
