//! The methods of a creditor's own account, from sign-up to settings.

use std::net::IpAddr;
use std::time::Duration;

use secrecy::SecretString;

use super::{CreditorApi, PartnerApi};
use crate::contract::{
    AcceptAgreement, AgreementView, ApiError, ApiResult, OnboardingStatus, Provider,
    ProviderOutcome, RevealedKey, SettingsPatch, SettingsView, SetupPatch, SetupView, SignIn,
    SignUp, SignedIn, SignedUp,
};
use crate::onboarding::{EvaluatorMsg, ProviderEventReceiver};
use crate::supervision::CallError;
use crate::{auth, creditor, endpoints, keys, onboarding};

/// The longest wait for the reply of the gate evaluator.
///
/// Longer than a creditor transaction takes at most, with the wait for its permit.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);

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

    /// Begins the receipt of a provider event. `signatures` are the values of the provider's signature headers.
    ///
    /// # Errors
    /// [`ApiError::ProviderNotConfigured`], [`ApiError::InvalidSignature`] for malformed headers.
    pub fn receive_provider_event(
        &self,
        provider: Provider,
        signatures: &[&str],
        client: IpAddr,
    ) -> ApiResult<ProviderEventReceiver> {
        self.refuse_while_draining()?;
        ProviderEventReceiver::begin(&self.modules().onboarding, provider, signatures, client)
    }

    /// Verifies and processes a provider event that has arrived completely.
    ///
    /// # Errors
    /// [`ApiError::InvalidSignature`].
    pub async fn provider_event(
        &self,
        received: ProviderEventReceiver,
    ) -> ApiResult<ProviderOutcome> {
        let event = Box::new(received.finish().await?);
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
                // The call never reached the evaluator, so nothing happened.
                CallError::Unavailable => ApiError::Overloaded,
                CallError::NoReply | CallError::TimedOut => ApiError::OutcomeUnknown,
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
        auth::sign_out(
            &self.modules().auth,
            self.tenant.creditor(),
            token,
            everywhere,
        )
        .await
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
        let accepted = onboarding::agreement_view(&self.modules().creditors, creditor).await;
        accepted.map_err(ApiError::after_a_change)
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
