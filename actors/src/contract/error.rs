//! The errors of the platform.
//!
//! All modules share one enum. The front maps it to HTTP in one exhaustive match. An error never holds a secret or the
//! text of an internal error, because its message is sent to the client. Internal causes are logged where they occur.

use std::net::IpAddr;

pub use entities::provider_account::Provider;
use thiserror::Error;

pub use crate::domain::field_error::{FieldError, FieldErrorList};
use crate::domain::gates::Gate;
use crate::domain::placement::refusal::TransitionRejection;
use crate::infra::BcryptError;

/// The result of a call.
pub type ApiResult<T> = Result<T, ApiError>;

/// Why a call failed. The messages are sent to the client.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ApiError {
    /// The header `Authorization: Bearer ca_…` is missing.
    #[error("send your API key as Authorization: Bearer ca_…")]
    MissingApiKey,
    /// The key is malformed, unknown or wrong. One error for all three, so that a caller cannot tell them apart.
    #[error(
        "the API key is not valid: check that it was copied completely, and that it belongs to this server"
    )]
    InvalidApiKey,
    /// The key was revoked or replaced.
    #[error("this API key was revoked; use the key that replaced it, or ask support for a new one")]
    RevokedApiKey,
    /// The key was replaced and its overlap has ended.
    #[error("this API key expired after its rotation; use the key that replaced it")]
    ExpiredApiKey,
    /// The session token is missing, unknown or expired.
    #[error("sign in again: the session is missing, unknown or expired")]
    InvalidSession,
    /// The onboarding token is unknown or expired.
    #[error("the onboarding token is unknown or expired; sign in instead")]
    InvalidOnboardingToken,
    /// The e-mail address or the password is wrong. One error for both, so that a caller cannot tell them apart.
    #[error("e-mail or password is wrong; check both, or sign up")]
    InvalidCredentials,
    /// The support token is missing or wrong.
    #[error("send a support token as Authorization: Bearer …")]
    InvalidSupportToken,
    /// The key's scope does not allow this route.
    #[error("this key may only read; use the full-access key for changes")]
    InsufficientScope,
    /// The address is not in the key's network allowlist.
    #[error(
        "this key may not be used from {address}: add the network under Settings → API key, or call from an allowed one"
    )]
    AddressNotAllowed {
        /// The client's address as the server sees it.
        address: IpAddr,
    },
    /// Support has revoked the account's keys. Only support can issue a new one.
    #[error("support revoked this account's API keys; contact support for a new one")]
    SupportRequired,
    /// The operation needs a dashboard session.
    #[error("this needs a signed-in dashboard session; an API key is not enough")]
    DashboardSessionRequired,
    /// The account is suspended.
    #[error("the account is suspended: {action} is not possible; contact support")]
    AccountSuspended {
        /// The operation that was requested, as a noun phrase.
        action: &'static str,
    },
    /// The account was rejected in review.
    #[error("the account was rejected: {action} is not possible; contact support")]
    AccountRejected {
        /// The operation that was requested, as a noun phrase.
        action: &'static str,
    },
    /// The signature of a provider's event is not valid.
    #[error("the signature does not match the body; check the signing secret")]
    InvalidSignature,
    /// The object does not exist or belongs to another creditor.
    #[error("no such {what}")]
    NotFound {
        /// The kind of object, e.g. `placement`.
        what: &'static str,
    },
    /// The API key is not issued yet.
    #[error(
        "the API key is issued when onboarding is complete; still pending: {}",
        names(pending)
    )]
    GatesPending {
        /// The gates that have not passed, in order.
        pending: Vec<Gate>,
    },
    /// The key was already revealed.
    #[error("the key was already shown once and cannot be shown again; rotate it to get a new one")]
    AlreadyRevealed,
    /// Another key is still retiring.
    #[error(
        "a rotation is still in progress until {until}; wait until then, or rotate with overlap_hours 0, which ends the older ones at once"
    )]
    RotationInProgress {
        /// When the retiring key stops working, in RFC 3339.
        until: String,
    },
    /// The webhook endpoint is disabled. It receives no deliveries until its owner enables it.
    #[error(
        "the webhook endpoint is disabled: {reason}; set its URL again or set paused to false, then redeliver"
    )]
    EndpointDisabled {
        /// Why it is disabled.
        reason: String,
    },
    /// The payload of the event was erased, or its retention has ended.
    #[error("the event's payload was erased or is no longer stored; read the placement instead")]
    PayloadErased,
    /// The e-mail address already has an account.
    #[error("an account with this e-mail address exists; sign in instead")]
    EmailTaken,
    /// The creditor has already placed an invoice with this number.
    #[error("invoice {invoice_number} is already placed as {placement_id}")]
    DuplicateInvoice {
        /// The invoice number from the request.
        invoice_number: String,
        /// The placement of that invoice.
        placement_id: uuid::Uuid,
    },
    /// The placement's state machine does not allow the transition.
    #[error(transparent)]
    Transition(#[from] TransitionRejection),
    /// Company details can no longer be changed.
    #[error("company details are locked once business verification has begun; contact support")]
    SetupLocked,
    /// A request with the same idempotency key is still being processed.
    #[error("a request with this Idempotency-Key is still running; retry in a moment")]
    IdempotencyInProgress,
    /// A later change replaced the stored response of this idempotency key.
    #[error(
        "a later change replaced the response stored for this Idempotency-Key; read the placement"
    )]
    IdempotencySuperseded,
    /// The idempotency key was used with a different request.
    #[error("this Idempotency-Key was used with a different request; use a new key")]
    IdempotencyKeyReused,
    /// The route requires an idempotency key.
    #[error("send an Idempotency-Key header (1 to 255 printable characters) with this request")]
    IdempotencyKeyRequired,
    /// One or more fields are not valid.
    #[error("{0}")]
    Validation(FieldErrorList),
    /// The debtor is a natural person.
    #[error(
        "only business debts are accepted: debtor.kind individual is a consumer debt, and nothing was stored"
    )]
    ConsumerDebt,
    /// The webhook URL is not allowed.
    #[error("{field}: {reason}")]
    UnsafeWebhookUrl {
        /// The name of the field in the body.
        field: &'static str,
        /// What is wrong with the URL and how to correct it.
        reason: String,
    },
    /// The rate limit of the key or of the creditor is exceeded.
    #[error("the rate limit of the {limit} is exceeded; retry after {retry_after_s} s")]
    RateLimited {
        /// `key` or `tenant`.
        limit: &'static str,
        /// Seconds until a retry can succeed, rounded up, at least 1.
        retry_after_s: u64,
    },
    /// The creditor has too many concurrent requests.
    #[error("too many requests at the same time (limit {limit}); wait for one to finish")]
    TooManyConcurrentRequests {
        /// The maximum number of concurrent requests.
        limit: u32,
    },
    /// Too many failed attempts from this address or for this account.
    #[error("too many attempts; retry after {retry_after_s} s")]
    TooManyAttempts {
        /// Seconds until the next attempt is allowed.
        retry_after_s: u64,
    },
    /// A bounded resource is full, or the database is temporarily unavailable. A retry may succeed.
    #[error("the service is busy; retry in a moment")]
    Overloaded,
    /// The commit may or may not have succeeded, because the database became unavailable or did not answer in time.
    #[error(
        "the database became unavailable, so the outcome is unknown: read the object, then retry if necessary"
    )]
    OutcomeUnknown,
    /// The provider's signing secret is not set on this server.
    #[error("{} is not configured on this server", .0.as_str())]
    ProviderNotConfigured(Provider),
    /// The process is draining.
    #[error("the server is shutting down; retry in a moment")]
    ShuttingDown,
    /// A bug or a failed dependency. The cause is logged with the request id.
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
    /// The error of a step that follows a committed change: it must not say that nothing happened.
    #[must_use]
    pub(crate) fn after_a_change(self) -> Self {
        match self {
            Self::Overloaded | Self::Internal => Self::OutcomeUnknown,
            other => other,
        }
    }

    /// A validation error of one field. `loc` is the path to the field.
    #[must_use]
    pub fn field(loc: &[&str], msg: impl Into<String>) -> Self {
        Self::Validation(FieldErrorList::from(FieldError {
            loc: loc.iter().map(ToString::to_string).collect(),
            msg: msg.into(),
        }))
    }

    /// The error for an object that does not exist or belongs to another creditor. Both cases look the same to the
    /// caller.
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
