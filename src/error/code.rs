//! The catalogue of error codes: every code that a caller can receive, with its status and title.
//!
//! Owns the names. Never decides when a code applies (see [`super`]) and never writes a `detail`. The documentation
//! page and the OpenAPI document print this list.

use axum::http::StatusCode;

macro_rules! codes {
    ($($variant:ident = $name:literal, $status:ident, $title:literal;)+) => {
        /// A machine-readable error code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Code { $(#[doc = $title] $variant),+ }

        impl Code {
            /// Every code, in the order of the catalogue.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name on the wire.
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The HTTP status. Each code has exactly one.
            pub(crate) const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status),+ }
            }

            /// The meaning of the code as a short, stable text.
            pub(crate) const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),+ }
            }
        }
    };
}

codes! {
    InvalidJson = "invalid_json", BAD_REQUEST, "The body is not JSON";
    BadRequest = "bad_request", BAD_REQUEST, "The request is malformed";
    MissingApiKey = "missing_api_key", UNAUTHORIZED, "No API key was sent";
    InvalidApiKey = "invalid_api_key", UNAUTHORIZED, "The API key is not valid";
    RevokedApiKey = "revoked_api_key", UNAUTHORIZED, "The API key was revoked";
    ExpiredApiKey = "expired_api_key", UNAUTHORIZED, "The API key expired after a rotation";
    InvalidSession = "invalid_session", UNAUTHORIZED, "No valid dashboard session";
    InvalidOnboardingToken = "invalid_onboarding_token", UNAUTHORIZED, "The onboarding token is not valid";
    InvalidCredentials = "invalid_credentials", UNAUTHORIZED, "E-mail or password is wrong";
    InvalidSupportToken = "invalid_support_token", UNAUTHORIZED, "The support token is not valid";
    InsufficientScope = "insufficient_scope", FORBIDDEN, "The credential does not allow this operation";
    AddressNotAllowed = "address_not_allowed", FORBIDDEN, "The API key is not allowed from this IP address";
    SupportRequired = "support_required", FORBIDDEN, "Only support can do this";
    DashboardSessionRequired = "dashboard_session_required", FORBIDDEN, "A signed-in dashboard session is required";
    AccountSuspended = "account_suspended", FORBIDDEN, "The account is suspended";
    AccountRejected = "account_rejected", FORBIDDEN, "The account was rejected";
    InvalidSignature = "invalid_signature", FORBIDDEN, "The signature does not match";
    PartnerMembershipRequired = "partner_membership_required", FORBIDDEN, "Not a partner account";
    NotFound = "not_found", NOT_FOUND, "No such object or route";
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "The route does not support this method";
    RequestTimeout = "request_timeout", REQUEST_TIMEOUT, "The request took too long to arrive";
    GatesPending = "gates_pending", CONFLICT, "Onboarding is not complete";
    AlreadyRevealed = "already_revealed", CONFLICT, "The key was already shown once";
    RotationInProgress = "rotation_in_progress", CONFLICT, "An earlier rotation is still in progress";
    EndpointDisabled = "endpoint_disabled", CONFLICT, "The webhook endpoint is disabled";
    PayloadErased = "payload_erased", CONFLICT, "The payload of the event has been erased";
    EmailTaken = "email_taken", CONFLICT, "The e-mail address already has an account";
    DuplicateInvoice = "duplicate_invoice", CONFLICT, "The invoice is already placed";
    InvalidTransition = "invalid_transition", CONFLICT, "The status of the placement does not allow this";
    AnswerRequired = "answer_required", CONFLICT, "The dispute has no answer on record";
    SetupLocked = "setup_locked", CONFLICT, "The company details are locked";
    IdempotencyInProgress = "idempotency_in_progress", CONFLICT, "A request with the same Idempotency-Key is still running";
    IdempotencySuperseded = "idempotency_superseded", CONFLICT, "A later change replaced the stored response";
    PayloadTooLarge = "payload_too_large", PAYLOAD_TOO_LARGE, "The body is too large";
    ValidationFailed = "validation_failed", UNPROCESSABLE_ENTITY, "One or more fields are wrong";
    ConsumerDebt = "consumer_debt", UNPROCESSABLE_ENTITY, "Only business debts are accepted";
    Overpayment = "overpayment", UNPROCESSABLE_ENTITY, "The payment exceeds the outstanding amount";
    IdempotencyKeyRequired = "idempotency_key_required", UNPROCESSABLE_ENTITY, "An Idempotency-Key is required";
    IdempotencyKeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY, "The Idempotency-Key was used for a different request";
    UnsafeWebhookUrl = "unsafe_webhook_url", UNPROCESSABLE_ENTITY, "The webhook URL is not allowed";
    RateLimited = "rate_limited", TOO_MANY_REQUESTS, "The rate limit is exceeded";
    TooManyConcurrentRequests = "too_many_concurrent_requests", TOO_MANY_REQUESTS, "Too many requests at the same time";
    TooManyAttempts = "too_many_attempts", TOO_MANY_REQUESTS, "Too many failed attempts";
    Internal = "internal_error", INTERNAL_SERVER_ERROR, "An error on our side";
    Overloaded = "overloaded", SERVICE_UNAVAILABLE, "The service is overloaded";
    OutcomeUnknown = "outcome_unknown", SERVICE_UNAVAILABLE, "It is unknown whether the change was saved";
    ProviderNotConfigured = "provider_not_configured", SERVICE_UNAVAILABLE, "The provider is not configured on this server";
    ShuttingDown = "shutting_down", SERVICE_UNAVAILABLE, "The server is shutting down";
}

impl Code {
    /// The code for a response of which only the status is known, because a library created it.
    pub(crate) fn for_status(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED => Self::MissingApiKey,
            StatusCode::FORBIDDEN => Self::InsufficientScope,
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::REQUEST_TIMEOUT => Self::RequestTimeout,
            StatusCode::PAYLOAD_TOO_LARGE => Self::PayloadTooLarge,
            StatusCode::UNPROCESSABLE_ENTITY => Self::ValidationFailed,
            StatusCode::TOO_MANY_REQUESTS => Self::RateLimited,
            StatusCode::SERVICE_UNAVAILABLE => Self::Overloaded,
            other if other.is_client_error() => Self::BadRequest,
            _ => Self::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_names_are_unique() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
    }
}
