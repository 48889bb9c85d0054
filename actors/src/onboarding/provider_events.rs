//! Applies provider events to gates. Each event is stored once; the order of arrival does not matter.

use entities::ids::{CreditorId, OnboardingEventId};
use entities::onboarding_event::{self, EventOutcome};
use entities::queries::{self, creditors, onboarding};
use entities::{DbErr, Pool, Transaction};
use uuid::Uuid;

use super::agreement::acceptance;
use super::provider_event::ProviderEvent;
use crate::contract::{ApiError, Provider, ProviderOutcome};
use crate::creditor::{CreditorTransaction, Creditors};
use crate::domain::gates::{Applied, Fact, FactValue, Gate};

/// How often an event whose account is linked or unlinked meanwhile is tried.
const TRIES: usize = 5;

/// Stores an event and applies its fact, in one transaction. A duplicate has no effect.
pub(super) async fn record(
    creditors: &Creditors,
    event: &ProviderEvent,
) -> Result<ProviderOutcome, ApiError> {
    for _ in 0..TRIES {
        if let Some(outcome) = try_record(creditors, event).await? {
            return Ok(outcome);
        }
    }
    Err(ApiError::Overloaded)
}

/// Returns `None` if the account was linked or unlinked meanwhile.
///
/// Everybody locks the creditor before its accounts. The owner of an account is therefore read without a lock, and
/// checked again under both.
async fn try_record(
    creditors: &Creditors,
    event: &ProviderEvent,
) -> Result<Option<ProviderOutcome>, ApiError> {
    let Some(creditor) = creditor_of(creditors.env.db.reader(), event).await? else {
        let transaction = creditors.env.db.begin().await?;
        if lock_owner(&transaction, event).await?.is_some() {
            return Ok(None);
        }
        return Ok(Some(store_unlinked(creditors, transaction, event).await?));
    };
    let begun = CreditorTransaction::begin_if_known(creditors, creditor).await?;
    let Some(mut transaction) = begun else {
        return Ok(Some(ProviderOutcome::NoEffect));
    };
    if event.provider == Provider::Stripe
        && lock_owner(&transaction.db, event).await? != Some(creditor)
    {
        return Ok(None);
    }
    let mut row = event_row(event, Some(creditor), transaction.outbox.now_ms());
    if !onboarding::store_event(&transaction.db, row.clone()).await? {
        return Ok(Some(ProviderOutcome::NoEffect));
    }
    row.outcome = apply_event(&mut transaction, &row).await?;
    let outcome = row.outcome;
    queries::save(&transaction.db, row).await?;
    transaction.commit().await?;
    Ok(Some(match outcome {
        EventOutcome::Applied => ProviderOutcome::Applied,
        _ => ProviderOutcome::NoEffect,
    }))
}

/// Applies every stored event of a newly linked account, in the open transaction.
///
/// These are events that arrived before the link and events that belonged to another creditor. Returns their number.
pub(super) async fn replay_account(
    transaction: &mut CreditorTransaction<'_>,
    provider: Provider,
    external_id: &str,
) -> Result<usize, DbErr> {
    let events = onboarding::events_of_account(&transaction.db, provider, external_id).await?;
    let count = events.len();
    for mut row in events {
        row.creditor_id = Some(transaction.creditor.id);
        row.outcome = apply_event(transaction, &row).await?;
        queries::save(&transaction.db, row).await?;
    }
    Ok(count)
}

/// The creditor that an event belongs to. Stripe names accounts by its own ids; the others send our creditor id.
async fn creditor_of(db: &Pool, event: &ProviderEvent) -> Result<Option<CreditorId>, DbErr> {
    if event.provider == Provider::Stripe {
        return onboarding::account_owner(db, event.provider, &event.external_id).await;
    }
    let Ok(id) = Uuid::parse_str(&event.external_id) else {
        return Ok(None);
    };
    let known = creditors::by_id(db, CreditorId(id)).await?;
    Ok(known.map(|creditor| creditor.id))
}

/// Locks the Stripe account of an event, so that a concurrent link and this event see each other. Returns its owner.
async fn lock_owner(
    transaction: &Transaction,
    event: &ProviderEvent,
) -> Result<Option<CreditorId>, DbErr> {
    if event.provider != Provider::Stripe || event.external_id.is_empty() {
        return Ok(None);
    }
    onboarding::lock_account(transaction, event.provider, &event.external_id).await
}

async fn store_unlinked(
    creditors: &Creditors,
    transaction: Transaction,
    event: &ProviderEvent,
) -> Result<ProviderOutcome, DbErr> {
    let mut row = event_row(event, None, creditors.env.clock.now_ms());
    if event.fact.is_none() {
        // Linking its account would have no effect either.
        row.outcome = EventOutcome::Ignored;
    }
    let stored = onboarding::store_event(&transaction, row).await?;
    transaction.commit().await?;
    Ok(if stored && event.fact.is_some() {
        ProviderOutcome::Stored
    } else {
        ProviderOutcome::NoEffect
    })
}

fn event_row(
    event: &ProviderEvent,
    creditor: Option<CreditorId>,
    now_ms: i64,
) -> onboarding_event::Model {
    onboarding_event::Model {
        id: OnboardingEventId(Uuid::now_v7()),
        provider: event.provider,
        event_id: event.event_id.clone(),
        event_type: event.event_type.clone(),
        external_id: event.external_id.clone(),
        creditor_id: creditor,
        gate: event.fact.map(|(gate, _)| gate.as_str().to_owned()),
        fact_value: event
            .fact
            .map(|(_, fact)| value_name(fact.value).to_owned()),
        names_previous: event.fact.is_some_and(|(_, fact)| fact.names_previous),
        occurred_ms: event.occurred_ms,
        outcome: EventOutcome::Unlinked,
        received_ms: now_ms,
    }
}

async fn apply_event(
    transaction: &mut CreditorTransaction<'_>,
    row: &onboarding_event::Model,
) -> Result<EventOutcome, DbErr> {
    let gate = row.gate.as_deref().and_then(Gate::parse);
    let value = row.fact_value.as_deref().and_then(parse_value);
    let (Some(gate), Some(value)) = (gate, value) else {
        return Ok(EventOutcome::Ignored);
    };
    let fact = Fact {
        at_ms: row.occurred_ms,
        value,
        names_previous: row.names_previous,
    };
    let applied = transaction
        .apply_fact(gate, &fact, row.provider.as_str())
        .await?;
    let counted = matches!(applied, Applied::Newer | Applied::Merged);
    if counted && gate == Gate::MsaOnFile {
        let accepted = acceptance(
            transaction.creditor.id,
            "DocuSign",
            "docusign",
            row.occurred_ms,
        );
        queries::insert(&transaction.db, accepted).await?;
    }
    Ok(if counted {
        EventOutcome::Applied
    } else {
        EventOutcome::Stale
    })
}

fn value_name(value: FactValue) -> &'static str {
    match value {
        FactValue::Open => "open",
        FactValue::Passed => "passed",
        FactValue::Refused => "refused",
    }
}

fn parse_value(name: &str) -> Option<FactValue> {
    [FactValue::Open, FactValue::Passed, FactValue::Refused]
        .into_iter()
        .find(|value| value_name(*value) == name)
}
