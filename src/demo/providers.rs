//! The provider events of the demo.
//!
//! Never sends anything: [`ProviderEvent::call`] returns the request.

use chrono::{DateTime, SecondsFormat, Utc};
use test_support::provider_events::{DocusignEvent, MiddeskEvent, SignedEvent, StripeEvent};
use uuid::Uuid;

use super::random;
use super::request::Call;

/// A signed provider event and its description.
pub(super) struct ProviderEvent {
    signed: SignedEvent,
    says: String,
}

impl ProviderEvent {
    /// The request that delivers the event.
    pub(super) fn call(&self) -> Call<'static> {
        let SignedEvent {
            path,
            headers,
            body,
        } = self.signed.clone();
        let call = Call::post(path).body(body).says(&self.says);
        headers
            .into_iter()
            .fold(call, |call, (name, value)| call.header(name, value))
            .shows(&["/outcome"])
    }
}

/// Stripe Connect: payouts were enabled for a connected account.
pub(super) fn stripe_payouts_enabled(secret: &str, account: &str, now_ms: i64) -> ProviderEvent {
    let now_s = now_ms / 1_000;
    let event = StripeEvent {
        id: &format!("evt_{}", random::hex(12)),
        account,
        created: now_s,
        payouts_enabled: true,
        previous: Some(false),
    };
    ProviderEvent {
        signed: event.sign(secret, now_s),
        says: format!("account.updated of {account}: payouts_enabled true"),
    }
}

/// Middesk: the business verification was approved.
pub(super) fn middesk_approved(secret: &str, creditor: &str, now_ms: i64) -> ProviderEvent {
    let event = MiddeskEvent {
        id: &Uuid::now_v7().to_string(),
        creditor,
        status: "approved",
        created_at: &instant(now_ms).to_rfc3339_opts(SecondsFormat::Millis, true),
    };
    ProviderEvent {
        signed: event.sign(secret),
        says: "business.updated: status approved".to_owned(),
    }
}

/// DocuSign Connect: all parties have signed the agreement.
pub(super) fn docusign_completed(secret: &str, creditor: &str, now_ms: i64) -> ProviderEvent {
    let event = DocusignEvent {
        envelope: &Uuid::now_v7().to_string(),
        creditor,
        at: &instant(now_ms)
            .format("%Y-%m-%dT%H:%M:%S%.3f0000Z")
            .to_string(),
    };
    ProviderEvent {
        signed: event.sign(secret),
        says: "envelope-completed: the agreement is signed".to_owned(),
    }
}

/// The dates of an overdue invoice: `(invoice_date, due_date)`, 75 and 45 days ago.
pub(super) fn overdue(now_ms: i64) -> (String, String) {
    let days_ago = |days| {
        (instant(now_ms) - chrono::Days::new(days))
            .date_naive()
            .to_string()
    };
    (days_ago(75), days_ago(45))
}

fn instant(now_ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(now_ms).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn docusign_timestamp_has_seven_fraction_digits() {
        let event = docusign_completed("k", "c", 1_700_000_000_123);
        let body: Value = serde_json::from_str(&event.signed.body).unwrap();
        assert_eq!(body["generatedDateTime"], "2023-11-14T22:13:20.1230000Z");
    }

    #[test]
    fn overdue_invoice_has_past_dates() {
        let (invoiced, due) = overdue(1_700_000_000_000);
        assert_eq!(
            (invoiced.as_str(), due.as_str()),
            ("2023-08-31", "2023-09-30")
        );
    }
}
