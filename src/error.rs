//! Every error that a handler can return, and its conversion to an HTTP response.
//!
//! Owns the mapping from cause to code, headers and additional members. Never rewords the message of an [`ApiError`]:
//! it is the `detail`.

mod code;

use actors::domain::placement::TransitionRejection;
use actors::{ApiError, FieldError};
use axum::Extension;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use thiserror::Error;

pub(crate) use self::code::Code;
use crate::problem::Problem;

/// The `WWW-Authenticate` header of every 401: the scheme that the caller must use (RFC 6750).
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"partner-api\"");
/// `Retry-After` of `provider_not_configured`, in seconds. Nobody configures a provider within one second.
const PROVIDER_RETRY_S: u64 = 300;

/// The result of a handler.
pub(crate) type Result<T, E = PartnerError> = std::result::Result<T, E>;

/// The error type of handlers and extractors.
#[derive(Debug, Error)]
pub(crate) enum PartnerError {
    /// The platform rejected the call.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The request could not be turned into a call of the platform.
    #[error(transparent)]
    Http(#[from] HttpError),
}

/// An error of the HTTP request itself, before it reaches the platform.
#[derive(Debug, Error)]
pub(crate) enum HttpError {
    #[error("the body is not valid JSON: {reason}")]
    InvalidJson { reason: String },
    #[error("the body could not be read completely; send it again")]
    UnreadableBody,
    #[error("the body did not arrive in time; send it again")]
    BodyTimeout,
    #[error("the body is larger than {limit_kib} KiB; send less in one request")]
    PayloadTooLarge { limit_kib: usize },
    #[error(
        "an onboarding token cannot do this: use the API key, which is issued when onboarding completes (GET /v1/creditors/me/status)"
    )]
    OnboardingTokenRefused,
    #[error(
        "this needs a signed-in dashboard session, not the onboarding token: sign in with POST /v1/sessions"
    )]
    SessionRequired,
    /// A header is missing, or was sent more than once.
    #[error("{detail}")]
    BadHeader { detail: String },
    #[error("{detail}")]
    UnknownRoute { detail: String },
    /// The published client matches this exact text and adds its own hint.
    #[error("Partner membership required")]
    PartnerMembershipRequired,
    #[error("something went wrong on our side; quote the request id to support")]
    Bug,
}

impl PartnerError {
    /// A 404 for an object of this kind. Malformed ids get it too.
    pub(crate) fn not_found(what: &'static str) -> Self {
        Self::Api(ApiError::not_found(what))
    }

    fn code(&self) -> Code {
        match self {
            Self::Api(error) => api_code(error),
            Self::Http(error) => http_code(error),
        }
    }

    /// The value of `Retry-After` in whole seconds, or `None` for errors that a retry does not fix.
    fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::Api(
                ApiError::RateLimited { retry_after_s, .. }
                | ApiError::TooManyAttempts { retry_after_s },
            ) => Some((*retry_after_s).max(1)),
            Self::Api(ApiError::ProviderNotConfigured(_)) => Some(PROVIDER_RETRY_S),
            // Clients and proxies would send the request again, which is only safe with an idempotency key:
            // `outcome_unknown` in `layers`.
            Self::Api(ApiError::OutcomeUnknown) => None,
            _ if matches!(
                self.code().status(),
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
            ) =>
            {
                Some(1)
            }
            _ => None,
        }
    }

    fn field_errors(&self) -> Vec<FieldError> {
        match self {
            Self::Api(ApiError::Validation(errors)) => errors.listed(),
            Self::Api(ApiError::UnsafeWebhookUrl { field, reason }) => {
                vec![FieldError::at(field, reason)]
            }
            Self::Api(ApiError::ConsumerDebt) => {
                let msg = "must be business: a consumer debt is not accepted";
                vec![FieldError::at("debtor.kind", msg)]
            }
            Self::Api(ApiError::Transition(
                refusal @ (TransitionRejection::Overpayment { .. }
                | TransitionRejection::NotPositive),
            )) => vec![FieldError::at("amount", refusal)],
            _ => Vec::new(),
        }
    }

    /// Converts the error to a [`Problem`].
    pub(crate) fn problem(&self) -> Problem {
        let mut problem = Problem::new(self.code(), self.to_string());
        problem.errors = self.field_errors();
        if let Self::Api(ApiError::GatesPending { pending }) = self {
            let gates: Vec<_> = pending.iter().map(|gate| gate.as_str()).collect();
            problem.extra.insert("pending_gates".into(), gates.into());
        }
        if let Self::Api(ApiError::DuplicateInvoice { placement_id, .. }) = self {
            problem
                .extra
                .insert("placement_id".into(), placement_id.to_string().into());
        }
        problem
    }
}

fn http_code(error: &HttpError) -> Code {
    match error {
        HttpError::InvalidJson { .. } => Code::InvalidJson,
        HttpError::UnreadableBody | HttpError::BadHeader { .. } => Code::BadRequest,
        HttpError::BodyTimeout => Code::RequestTimeout,
        HttpError::PayloadTooLarge { .. } => Code::PayloadTooLarge,
        HttpError::OnboardingTokenRefused => Code::InsufficientScope,
        HttpError::SessionRequired => Code::DashboardSessionRequired,
        HttpError::UnknownRoute { .. } => Code::NotFound,
        HttpError::PartnerMembershipRequired => Code::PartnerMembershipRequired,
        HttpError::Bug => Code::Internal,
    }
}

fn api_code(error: &ApiError) -> Code {
    match error {
        ApiError::MissingApiKey => Code::MissingApiKey,
        ApiError::InvalidApiKey => Code::InvalidApiKey,
        ApiError::RevokedApiKey => Code::RevokedApiKey,
        ApiError::ExpiredApiKey => Code::ExpiredApiKey,
        ApiError::InvalidSession => Code::InvalidSession,
        ApiError::InvalidOnboardingToken => Code::InvalidOnboardingToken,
        ApiError::InvalidCredentials => Code::InvalidCredentials,
        ApiError::InvalidSupportToken => Code::InvalidSupportToken,
        ApiError::InsufficientScope => Code::InsufficientScope,
        ApiError::AddressNotAllowed { .. } => Code::AddressNotAllowed,
        ApiError::SupportRequired => Code::SupportRequired,
        ApiError::DashboardSessionRequired => Code::DashboardSessionRequired,
        ApiError::AccountSuspended { .. } => Code::AccountSuspended,
        ApiError::AccountRejected { .. } => Code::AccountRejected,
        ApiError::InvalidSignature => Code::InvalidSignature,
        ApiError::NotFound { .. } => Code::NotFound,
        ApiError::GatesPending { .. } => Code::GatesPending,
        ApiError::AlreadyRevealed => Code::AlreadyRevealed,
        ApiError::RotationInProgress { .. } => Code::RotationInProgress,
        ApiError::EndpointDisabled { .. } => Code::EndpointDisabled,
        ApiError::PayloadErased => Code::PayloadErased,
        ApiError::EmailTaken => Code::EmailTaken,
        ApiError::DuplicateInvoice { .. } => Code::DuplicateInvoice,
        ApiError::Transition(refusal) => transition_code(refusal),
        ApiError::SetupLocked => Code::SetupLocked,
        ApiError::IdempotencyInProgress => Code::IdempotencyInProgress,
        ApiError::IdempotencySuperseded => Code::IdempotencySuperseded,
        ApiError::IdempotencyKeyReused => Code::IdempotencyKeyReused,
        ApiError::IdempotencyKeyRequired => Code::IdempotencyKeyRequired,
        ApiError::Validation(_) => Code::ValidationFailed,
        ApiError::ConsumerDebt => Code::ConsumerDebt,
        ApiError::UnsafeWebhookUrl { .. } => Code::UnsafeWebhookUrl,
        ApiError::RateLimited { .. } => Code::RateLimited,
        ApiError::TooManyConcurrentRequests { .. } => Code::TooManyConcurrentRequests,
        ApiError::TooManyAttempts { .. } => Code::TooManyAttempts,
        ApiError::Overloaded => Code::Overloaded,
        ApiError::ProviderNotConfigured(_) => Code::ProviderNotConfigured,
        ApiError::ShuttingDown => Code::ShuttingDown,
        ApiError::OutcomeUnknown => Code::OutcomeUnknown,
        ApiError::Internal => Code::Internal,
    }
}

fn transition_code(refusal: &TransitionRejection) -> Code {
    match refusal {
        TransitionRejection::InvalidTransition { .. }
        | TransitionRejection::InvalidMove { .. }
        | TransitionRejection::RecallWindowExpired
        | TransitionRejection::NotOwnRecall => Code::InvalidTransition,
        TransitionRejection::AnswerRequired => Code::AnswerRequired,
        TransitionRejection::Overpayment { .. } => Code::Overpayment,
        TransitionRejection::NotPositive => Code::ValidationFailed,
        TransitionRejection::AccountSuspended => Code::AccountSuspended,
        TransitionRejection::AccountRejected => Code::AccountRejected,
    }
}

impl IntoResponse for PartnerError {
    fn into_response(self) -> Response {
        let problem = self.problem();
        let status = problem.code.status();
        let challenge = status == StatusCode::UNAUTHORIZED;
        let challenge = challenge.then_some([(header::WWW_AUTHENTICATE, CHALLENGE)]);
        let retry_after = self.retry_after_s();
        let retry_after = retry_after.map(|s| [(header::RETRY_AFTER, HeaderValue::from(s))]);
        (status, challenge, retry_after, Extension(problem)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unauthorized_response_names_the_auth_scheme() {
        let response = PartnerError::from(ApiError::RevokedApiKey).into_response();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(response.headers()[header::WWW_AUTHENTICATE], CHALLENGE);
    }

    #[test]
    fn retryable_errors_carry_retry_after() {
        for error in [
            ApiError::Overloaded,
            ApiError::ShuttingDown,
            ApiError::TooManyConcurrentRequests { limit: 20 },
        ] {
            assert_eq!(
                PartnerError::from(error).into_response().headers()[header::RETRY_AFTER],
                "1"
            );
        }
        let limited = ApiError::RateLimited {
            limit: "key",
            retry_after_s: 7,
        };
        assert_eq!(
            PartnerError::from(limited).into_response().headers()[header::RETRY_AFTER],
            "7"
        );
    }

    #[test]
    fn gates_pending_problem_lists_the_gates_as_a_member() {
        let pending = vec![actors::domain::gates::Gate::PayoutsEnabled];
        let problem = PartnerError::from(ApiError::GatesPending { pending }).problem();
        assert_eq!(
            problem.extra["pending_gates"],
            serde_json::json!(["payouts_enabled"])
        );
        assert!(problem.detail.contains("payouts_enabled"));
    }
}
