//! The methods of a creditor's own account, from sign-up to settings.

use std::time::Duration;

use secrecy::SecretString;

use super::{CreditorApi, PartnerApi};
use crate::contract::{
    AcceptAgreement, AgreementView, ApiError, ApiResult, OnboardingStatus, Provider,
    ProviderDelivery, ProviderOutcome, RevealedKey, SettingsPatch, SettingsView, SetupPatch,
    SetupView, SignIn, SignUp, SignedIn, SignedUp,
};
use crate::onboarding::EvaluatorMsg;
use crate::supervision::CallError;
use crate::{auth, creditor, endpoints, keys, onboarding};

/// The longest wait for the reply of the gate evaluator.
pub(super) const TIMEOUT: Duration = Duration::from_secs(25);

impl PartnerApi {
    /// Creates an account and its onboarding token.
    ///
    /// # Errors
    /// [`ApiError::EmailTaken`].
    pub async fn sign_up(&self, request: SignUp) -> ApiResult<SignedUp> {
        self.refuse_while_draining()?;
        auth::sign_up(&self.modules().auth, request).await
    }

    /// Creates a dashboard session.
    ///
    /// # Errors
    /// [`ApiError::InvalidCredentials`], [`ApiError::TooManyAttempts`].
    pub async fn sign_in(&self, request: SignIn) -> ApiResult<SignedIn> {
        self.refuse_while_draining()?;
        auth::sign_in(&self.modules().auth, request).await
    }

    /// Verifies and processes an event of a provider.
    ///
    /// # Errors
    /// [`ApiError::InvalidSignature`], [`ApiError::ProviderNotConfigured`].
    pub async fn provider_event(
        &self,
        provider: Provider,
        delivery: ProviderDelivery<'_>,
    ) -> ApiResult<ProviderOutcome> {
        let env = &self.modules().env;
        let now_ms = env.clock.now_ms();
        let event = onboarding::verify_and_read(&env.settings, provider, &delivery, now_ms)?;
        let event = Box::new(event);
        self.evaluate(|reply| EvaluatorMsg::ProviderEvent { event, reply })
            .await
    }

    /// Calls the gate evaluator with the message that `message` builds around the reply port.
    pub(super) async fn evaluate<T: Send + 'static>(
        &self,
        message: impl FnOnce(ractor::RpcReplyPort<ApiResult<T>>) -> EvaluatorMsg,
    ) -> ApiResult<T> {
        self.refuse_while_draining()?;
        let evaluator = &self.modules().onboarding.evaluator;
        let reply = evaluator.call(TIMEOUT, message).await;
        reply.unwrap_or_else(|error| {
            tracing::warn!(%error, "the gate evaluator did not reply");
            Err(match error {
                // The evaluator may have committed. The caller can still retry, because facts are idempotent.
                CallError::Unavailable | CallError::NoReply | CallError::TimedOut => {
                    ApiError::Overloaded
                }
            })
        })
    }
}

impl CreditorApi {
    /// Ends the session with this `token`. If `everywhere` is true, ends all sessions of the creditor.
    ///
    /// # Errors
    /// [`ApiError::DashboardSessionRequired`] if the caller is not a dashboard session.
    pub async fn sign_out(&self, token: &SecretString, everywhere: bool) -> ApiResult<()> {
        self.tenant.require_session()?;
        auth::sign_out(self.env(), self.tenant.creditor(), token, everywhere).await
    }

    /// Returns the onboarding status: the account's status, the gates and the API key.
    pub async fn onboarding_status(&self) -> ApiResult<OnboardingStatus> {
        creditor::onboarding_status(self.env(), self.tenant.creditor()).await
    }

    /// Returns the setup checklist.
    pub async fn setup(&self) -> ApiResult<SetupView> {
        onboarding::company_profile_view(&self.modules().creditors, self.tenant.creditor()).await
    }

    /// Saves company details. Absent fields stay unchanged.
    ///
    /// # Errors
    /// [`ApiError::SetupLocked`] once business verification has started.
    pub async fn update_company_profile(&self, patch: SetupPatch) -> ApiResult<SetupView> {
        self.change(&self.modules().creditors, move |creditors, by| async move {
            onboarding::update_company_profile(&creditors, by.creditor(), by.actor(), patch).await
        })
        .await
    }

    /// Returns the current agreement and whether the creditor has accepted it.
    pub async fn agreement(&self) -> ApiResult<AgreementView> {
        onboarding::agreement_view(&self.modules().creditors, self.tenant.creditor()).await
    }

    /// Accepts the agreement.
    ///
    /// # Errors
    /// [`ApiError::DashboardSessionRequired`] if the caller uses an API key, [`ApiError::Validation`] if the version
    /// is not the current one.
    pub async fn accept_agreement(&self, request: AcceptAgreement) -> ApiResult<AgreementView> {
        self.tenant.refuse_api_key()?;
        let (creditor, actor) = (self.tenant.creditor(), self.tenant.actor().to_owned());
        self.evaluate(|reply| EvaluatorMsg::AcceptAgreement {
            creditor,
            actor,
            request,
            reply,
        })
        .await?;
        onboarding::agreement_view(&self.modules().creditors, creditor).await
    }

    /// Reveals the API key. This succeeds only once.
    ///
    /// # Errors
    /// [`ApiError::GatesPending`] before the key is issued, [`ApiError::AlreadyRevealed`] after the first reveal,
    /// [`ApiError::DashboardSessionRequired`] if the caller uses an API key.
    pub async fn reveal_api_key(&self) -> ApiResult<RevealedKey> {
        self.tenant.refuse_api_key()?;
        self.change(&self.modules().keys, move |keys, by| async move {
            keys::reveal(&keys, by.creditor(), by.actor()).await
        })
        .await
    }

    /// Returns the creditor's settings.
    pub async fn settings(&self) -> ApiResult<SettingsView> {
        endpoints::settings_view(&self.modules().creditors, self.tenant.creditor()).await
    }

    /// Changes settings. Changes of the webhook need a dashboard session.
    ///
    /// # Errors
    /// [`ApiError::DashboardSessionRequired`] for webhook settings without a session, [`ApiError::UnsafeWebhookUrl`],
    /// [`ApiError::Validation`].
    pub async fn update_settings(&self, patch: SettingsPatch) -> ApiResult<SettingsView> {
        if patch.webhook_url.is_some() || patch.webhook_events.is_some() {
            self.tenant.require_session()?;
        }
        self.change(&self.modules().creditors, move |creditors, by| async move {
            endpoints::update_settings(&creditors, by.creditor(), by.actor(), patch).await?;
            endpoints::settings_view(&creditors, by.creditor()).await
        })
        .await
    }
}
