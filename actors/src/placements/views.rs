//! Conversion of database rows to the views that callers receive.

use entities::{dispute, placement};

use crate::contract::{DebtorView, DisputeView, PlacementView};
use crate::domain::account::AccountStatus;
use crate::domain::date::{parse_date, rfc3339_ms};
use crate::domain::money::Cents;
use crate::domain::placement::{outreach, payment};

const DAY_MS: i64 = 86_400_000;

/// The view of a placement. Outreach is derived from the status of the creditor's account; `now_ms` is epoch
/// milliseconds.
pub(crate) fn placement_view(
    row: &placement::Model,
    account: AccountStatus,
    now_ms: i64,
) -> PlacementView {
    let (amount, paid) = (
        Cents::from_raw(row.amount_cents),
        Cents::from_raw(row.paid_cents),
    );
    let outreach = outreach::decide(account, row.paused, row.status.into());
    PlacementView {
        id: row.id.0,
        status: row.status.as_str().to_owned(),
        invoice_number: row.invoice_number.clone(),
        invoice_amount: amount.to_string(),
        debtor: debtor_view(row),
        amount_paid: paid.to_string(),
        balance: payment::balance(amount, paid).to_string(),
        invoice_date: row.invoice_date.clone(),
        due_date: row.due_date.clone(),
        days_past_due: days_past_due(&row.due_date, now_ms),
        posture: row.posture.as_str().to_owned(),
        paused: row.paused,
        outreach_allowed: outreach.allowed,
        outreach_blocked_reason: outreach.reason.map(str::to_owned),
        notes: row.notes.clone(),
        placed_at: rfc3339_ms(row.placed_ms),
        recalled_at: row.recalled_ms.map(rfc3339_ms),
        placement_id: row.id.0,
        updated_at: rfc3339_ms(row.updated_ms),
    }
}

fn debtor_view(row: &placement::Model) -> DebtorView {
    DebtorView {
        company_name: row.company_name.clone(),
        primary_email: row.primary_email.clone(),
        primary_phone: row.primary_phone.clone(),
        primary_domain: row.primary_domain.clone(),
        state: row.state.clone(),
        city: row.city.clone(),
        zip: row.zip.clone(),
        external_debtor_ref: row.external_debtor_ref.clone(),
        kind: "business".to_owned(),
    }
}

fn days_past_due(due_date: &str, now_ms: i64) -> i64 {
    let Ok(due) = parse_date(due_date) else {
        return 0;
    };
    let due_ms = due
        .and_time(chrono::NaiveTime::MIN)
        .and_utc()
        .timestamp_millis();
    ((now_ms - due_ms).div_euclid(DAY_MS)).max(0)
}

/// The view of a dispute.
pub(crate) fn dispute_view(row: &dispute::Model) -> DisputeView {
    DisputeView {
        id: row.id.0,
        placement_id: row.placement_id.0,
        status: row.status.as_str().to_owned(),
        reason: row.reason.clone(),
        answer: row.answer.clone(),
        opened_at: rfc3339_ms(row.opened_ms),
        resolution: row.resolution.clone(),
        resolved_at: row.resolved_ms.map(rfc3339_ms),
    }
}
