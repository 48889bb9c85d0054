//! Every reason for which the platform says no, by cause.
//!
//! One enum for all rooms: the front maps it to HTTP in one exhaustive match. It never holds a
//! secret and never an upstream error's text; what went wrong inside is logged where it happened.

use std::net::IpAddr;

use thiserror::Error;

pub use crate::domain::field_error::{FieldError, FieldErrorList};
use crate::domain::gates::Gate;
use crate::domain::placement::refusal::TransitionRejection;
use crate::infra::BcryptError;

/// A provider whose events onboarding matches_filter to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Provider {
    /// Stripe Connect: payouts.
    Stripe,
    /// Middesk: know-your-business review.
    Middesk,
    /// DocuSign Connect: the signed agreement.
    Docusign,
}

impl Provider {
    /// The name used in storage, logs and error texts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stripe => "stripe",
            Self::Middesk => "middesk",
            Self::Docusign => "docusign",
        }
    }
}

/// What every call answers.
pub type ApiResult<T> = Result<T, ApiError>;

/// Why a call was refused.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ApiError {
    /// No `Authorization: Bearer ca_…` header.
    #[error("send your API key as Authorization: Bearer ca_…")]
    MissingApiKey,
    /// Malformed, unknown or wrong key: deliberately one answer for all three.
    #[error(
        "the API key is not valid: check that it was copied whole, and that it belongs to this server"
    )]
    InvalidApiKey,
    /// The key was revoked or replaced.
    #[error("this API key was revoked; use the key that replaced it, or ask support for a new one")]
    RevokedApiKey,
    /// A retiring key's overlap is over.
    #[error("this API key expired after its rotation; use the key that replaced it")]
    ExpiredApiKey,
    /// No or unknown session token.
    #[error("sign in again: the session is missing, unknown or expired")]
    InvalidSession,
    /// Unknown or expired onboarding token.
    #[error("the onboarding token is unknown or expired; sign in instead")]
    InvalidOnboardingToken,
    /// Wrong e-mail or password: one answer for both.
    #[error("e-mail or password is wrong; check both, or sign up")]
    InvalidCredentials,
    /// No or wrong support token.
    #[error("send a support token as Authorization: Bearer …")]
    InvalidSupportToken,
    /// The key's scope does not allow this route.
    #[error("this key may only read; use the full-access key for changes")]
    InsufficientScope,
    /// The key may not be used from this address.
    #[error(
        "this key may not be used from {address}: add the network under Settings → API key, or call from an allowed one"
    )]
    AddressNotAllowed {
        /// The client's address, as this server sees it.
        address: IpAddr,
    },
    /// Support has revoked the account's keys.
    #[error("support revoked this account's API keys; contact support for a new one")]
    SupportRequired,
    /// The route needs a person signed in to the dashboard.
    #[error("this needs a signed-in dashboard session; an API key cannot do it")]
    DashboardSessionRequired,
    /// The account is suspended.
    #[error("the account is suspended: {action} is not possible; contact support")]
    AccountSuspended {
        /// What was asked for.
        action: &'static str,
    },
    /// The account was rejected in review.
    #[error("the account was rejected: {action} is not possible; contact support")]
    AccountRejected {
        /// What was asked for.
        action: &'static str,
    },
    /// A provider event whose signature does not verify.
    #[error("the signature does not match the body; check the signing secret")]
    InvalidSignature,
    /// No such object for this caller.
    #[error("no such {what}")]
    NotFound {
        /// The noun, e.g. `placement`.
        what: &'static str,
    },
    /// The key cannot be minted yet.
    #[error(
        "the API key is issued when onboarding is complete; still pending: {}",
        names(pending)
    )]
    GatesPending {
        /// What is missing, in order.
        pending: Vec<Gate>,
    },
    /// The one reveal has happened.
    #[error(
        "the key was already shown once and cannot be shown again; have it rotated to get a new one"
    )]
    AlreadyRevealed,
    /// Another key is still retiring.
    #[error("a rotation is still in progress until {until}; wait, or revoke the key")]
    RotationInProgress {
        /// RFC 3339 instant at which the retiring key stops.
        until: String,
    },
    /// The webhook endpoint gets nothing more until its owner switches it on.
    #[error(
        "the webhook endpoint is switched off: {reason}; set its URL again, or paused to false, and then redeliver"
    )]
    EndpointDisabled {
        /// Why it was switched off.
        reason: String,
    },
    /// The contents of an event are gone.
    #[error("the event's contents were erased, or are no longer kept; read the placement instead")]
    PayloadErased,
    /// The e-mail address has an account.
    #[error("an account with this e-mail exists; sign in instead")]
    EmailTaken,
    /// The creditor has already placed this invoice.
    #[error("invoice {invoice_number} is already placed as {placement_id}")]
    DuplicateInvoice {
        /// The number as sent.
        invoice_number: String,
        /// The placement that holds it.
        placement_id: uuid::Uuid,
    },
    /// The placement's state machine refuses.
    #[error(transparent)]
    Transition(#[from] TransitionRejection),
    /// Company details are frozen.
    #[error("company details are locked once business verification has begun; contact support")]
    SetupLocked,
    /// The same idempotency key is still being worked on.
    #[error("a request with this Idempotency-Key is still running; retry in a moment")]
    IdempotencyInProgress,
    /// A later change of the same kind replaced the stored answer.
    #[error("a later change replaced what this Idempotency-Key did; read the placement")]
    IdempotencySuperseded,
    /// The same idempotency key came with another request.
    #[error("this Idempotency-Key was used with a different request; use a new key")]
    IdempotencyKeyReused,
    /// The route does not work without an idempotency key.
    #[error("send an Idempotency-Key header (1 to 255 printable characters) with this request")]
    IdempotencyKeyRequired,
    /// One or more fields are wrong.
    #[error("{0}")]
    Validation(FieldErrorList),
    /// A debt of a natural person.
    #[error(
        "only business debts are accepted: debtor.kind individual is a consumer debt, and nothing was stored"
    )]
    ConsumerDebt,
    /// The webhook URL may not be called.
    #[error("webhook_url: {reason}")]
    UnsafeWebhookUrl {
        /// What is wrong with it and what to do.
        reason: String,
    },
    /// Over the rate limit of the key or of the creditor.
    #[error("over the rate limit of the {limit}; retry after {retry_after_s} s")]
    RateLimited {
        /// `key` or `tenant`.
        limit: &'static str,
        /// Whole seconds, rounded up, at least 1.
        retry_after_s: u64,
    },
    /// Too many requests of this creditor run at the same time.
    #[error("too many requests at the same time (limit {limit}); wait for one to finish")]
    TooManyConcurrentRequests {
        /// The creditor's limit.
        limit: u32,
    },
    /// Too many failures from this address or for this account.
    #[error("too many attempts; retry after {retry_after_s} s")]
    TooManyAttempts {
        /// Whole seconds.
        retry_after_s: u64,
    },
    /// A bounded resource is full.
    #[error("the service is busy; retry in a moment")]
    Overloaded,
    /// The database went away while the change was being committed.
    #[error(
        "the database went away while this was saved: read the object to see whether it was, then try again"
    )]
    OutcomeUnknown,
    /// The provider's signing secret is not set on this server.
    #[error("{} is not configured on this server", .0.as_str())]
    ProviderNotConfigured(Provider),
    /// The process is draining.
    #[error("the server is shutting down; retry in a moment")]
    ShuttingDown,
    /// A bug or a failing dependency; the cause is in the log under the request id.
    #[error("something went wrong on our side; quote the request id to support")]
    Internal,
}

impl From<BcryptError> for ApiError {
    fn from(error: BcryptError) -> Self {
        match error {
            BcryptError::QueueFull => Self::Overloaded,
            BcryptError::Closed => Self::ShuttingDown,
            BcryptError::Failed => Self::Internal,
        }
    }
}

impl ApiError {
    /// One refused field.
    #[must_use]
    pub fn field(loc: &[&str], msg: impl Into<String>) -> Self {
        Self::Validation(FieldErrorList::from(FieldError {
            loc: loc.iter().map(ToString::to_string).collect(),
            msg: msg.into(),
        }))
    }

    /// Another creditor's object and an absent one look the same.
    #[must_use]
    pub fn not_found(what: &'static str) -> Self {
        Self::NotFound { what }
    }
}

fn names(gates: &[Gate]) -> String {
    gates
        .iter()
        .map(|gate| gate.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}
