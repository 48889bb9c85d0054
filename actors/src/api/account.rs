//! The creditor's own account: sign-up to settings.

use std::time::Duration;

use secrecy::SecretString;

use super::partner_api::PartnerApi;
use crate::auth::AuthenticatedTenant;
use crate::contract::{
    AcceptAgreement, AgreementView, ApiError, ApiResult, OnboardingStatus, Provider,
    ProviderDelivery, ProviderOutcome, RevealedKey, SettingsPatch, SettingsView, SetupPatch,
    SetupView, SignIn, SignUp, SignedIn, SignedUp,
};
use crate::onboarding::EvaluatorMsg;
use crate::supervision::CallError;
use crate::{auth, creditor, endpoints, keys, onboarding};

/// How long a fact may wait for its transaction.
pub(super) const TIMEOUT: Duration = Duration::from_secs(25);

impl PartnerApi {
    /// Makes an account.
    ///
    /// # Errors
    /// [`ApiError::EmailTaken`].
    pub async fn sign_up(&self, request: SignUp) -> ApiResult<SignedUp> {
        self.refuse_while_draining()?;
        auth::sign_up(&self.0.modules.auth, request).await
    }

    /// Begins a session.
    ///
    /// # Errors
    /// [`ApiError::InvalidCredentials`], [`ApiError::TooManyAttempts`].
    pub async fn sign_in(&self, request: SignIn) -> ApiResult<SignedIn> {
        self.refuse_while_draining()?;
        auth::sign_in(&self.0.modules.auth, request).await
    }

    /// Ends this session, or all of them.
    ///
    /// # Errors
    /// [`ApiError::DashboardSessionRequired`] for any other caller.
    pub async fn sign_out(
        &self,
        tenant: &AuthenticatedTenant,
        token: &SecretString,
        everywhere: bool,
    ) -> ApiResult<()> {
        tenant.require_session()?;
        auth::sign_out(&self.0.modules.env, tenant.creditor(), token, everywhere).await
    }

    /// Where onboarding stands.
    ///
    /// # Errors
    /// [`ApiError::Overloaded`] when the database does not answer.
    pub async fn onboarding_status(
        &self,
        tenant: &AuthenticatedTenant,
    ) -> ApiResult<OnboardingStatus> {
        creditor::onboarding_status(&self.0.modules.env, tenant.creditor()).await
    }

    /// The setup checklist.
    ///
    /// # Errors
    /// [`ApiError::Overloaded`] when the database does not answer.
    pub async fn setup(&self, tenant: &AuthenticatedTenant) -> ApiResult<SetupView> {
        onboarding::setup_view(&self.0.modules.creditors, tenant.creditor()).await
    }

    /// Saves company details.
    ///
    /// # Errors
    /// [`ApiError::SetupLocked`] once the review has begun.
    pub async fn update_setup(
        &self,
        tenant: &AuthenticatedTenant,
        patch: SetupPatch,
    ) -> ApiResult<SetupView> {
        let tenant = tenant.clone();
        self.run_to_completion(&self.0.modules.creditors, move |creditors| async move {
            onboarding::update_setup(&creditors, tenant.creditor(), tenant.actor(), patch).await
        })
        .await
    }

    /// The agreement.
    ///
    /// # Errors
    /// [`ApiError::Overloaded`] when the database does not answer.
    pub async fn agreement(&self, tenant: &AuthenticatedTenant) -> ApiResult<AgreementView> {
        onboarding::agreement_view(&self.0.modules.creditors, tenant.creditor()).await
    }

    /// Accepts the agreement.
    ///
    /// # Errors
    /// [`ApiError::DashboardSessionRequired`] with an API key, [`ApiError::Validation`] for
    /// another version than the current one.
    pub async fn accept_agreement(
        &self,
        tenant: &AuthenticatedTenant,
        request: AcceptAgreement,
    ) -> ApiResult<AgreementView> {
        tenant.refuse_api_key()?;
        let (creditor, actor) = (tenant.creditor(), tenant.actor().to_owned());
        self.evaluate(|reply| EvaluatorMsg::AcceptAgreement {
            creditor,
            actor,
            request,
            reply,
        })
        .await?;
        onboarding::agreement_view(&self.0.modules.creditors, creditor).await
    }

    /// Shows the key, exactly once.
    ///
    /// # Errors
    /// [`ApiError::GatesPending`] before it was issued, [`ApiError::AlreadyRevealed`] afterwards.
    pub async fn reveal_api_key(&self, tenant: &AuthenticatedTenant) -> ApiResult<RevealedKey> {
        tenant.refuse_api_key()?;
        let tenant = tenant.clone();
        self.run_to_completion(&self.0.modules.keys, move |keys| async move {
            keys::reveal(&keys, tenant.creditor(), tenant.actor()).await
        })
        .await
    }

    /// A provider's event, as it came.
    ///
    /// # Errors
    /// [`ApiError::InvalidSignature`], [`ApiError::ProviderNotConfigured`].
    pub async fn provider_event(
        &self,
        provider: Provider,
        delivery: ProviderDelivery<'_>,
    ) -> ApiResult<ProviderOutcome> {
        let env = &self.0.modules.env;
        let now_ms = env.clock.now_ms();
        let event = onboarding::verify_and_read(&env.settings, provider, &delivery, now_ms)?;
        let event = Box::new(event);
        self.evaluate(|reply| EvaluatorMsg::ProviderEvent { event, reply })
            .await
    }

    /// Asks the gate evaluator.
    pub(super) async fn evaluate<T: Send + 'static>(
        &self,
        question: impl FnOnce(ractor::RpcReplyPort<ApiResult<T>>) -> EvaluatorMsg,
    ) -> ApiResult<T> {
        self.refuse_while_draining()?;
        let answer = self
            .0
            .modules
            .onboarding
            .evaluator
            .call(TIMEOUT, question)
            .await;
        answer.unwrap_or_else(|error| {
            tracing::warn!(%error, "the gate evaluator did not answer");
            Err(match error {
                // It may have committed: every fact can be told again without effect.
                CallError::Unavailable | CallError::NoReply | CallError::TimedOut => {
                    ApiError::Overloaded
                }
            })
        })
    }

    /// The settings page.
    ///
    /// # Errors
    /// [`ApiError::Overloaded`] when the database does not answer.
    pub async fn settings(&self, tenant: &AuthenticatedTenant) -> ApiResult<SettingsView> {
        endpoints::settings_view(&self.0.modules.creditors, tenant.creditor()).await
    }

    /// Changes settings; the webhook's need a session.
    ///
    /// # Errors
    /// [`ApiError::DashboardSessionRequired`], [`ApiError::UnsafeWebhookUrl`], [`ApiError::Validation`].
    pub async fn update_settings(
        &self,
        tenant: &AuthenticatedTenant,
        patch: SettingsPatch,
    ) -> ApiResult<SettingsView> {
        if patch.webhook_url.is_some() || patch.webhook_events.is_some() {
            tenant.require_session()?;
        }
        let tenant = tenant.clone();
        self.run_to_completion(&self.0.modules.creditors, move |creditors| async move {
            let creditor = tenant.creditor();
            endpoints::update_settings(&creditors, creditor, tenant.actor(), patch).await?;
            endpoints::settings_view(&creditors, creditor).await
        })
        .await
    }
}
