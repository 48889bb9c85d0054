//! The creditor's own account: sign-up to settings.

use std::time::Duration;

use entities::queries::{creditors, keys, onboarding as rows, webhooks};
use secrecy::SecretString;
use serde_json::json;

use super::fault::DbResultExt as _;
use super::request::{
    AcceptAgreement, ProviderDelivery, ProviderOutcome, SettingsPatch, SetupPatch, SignIn, SignUp,
};
use super::view::{
    AgreementView, OnboardingStatus, RevealedKey, SettingsView, SetupView, SignedIn, SignedUp,
};
use super::{ApiError, ApiResult, AuthenticatedTenant, PartnerApi, Provider};
use crate::delivery::endpoint_settings as endpoints;
use crate::domain::api_key::{KeyPrefix, mask};
use crate::domain::gates::Gate;
use crate::domain::placement::outreach;
use crate::onboarding::{self, AccountFile, EvaluatorMsg};
use crate::supervision::CallError;

/// How long a fact may wait for its transaction.
pub(super) const PATIENCE: Duration = Duration::from_secs(25);

impl PartnerApi {
    /// Makes an account.
    ///
    /// # Errors
    /// [`ApiError::EmailTaken`].
    pub async fn sign_up(&self, request: SignUp) -> ApiResult<SignedUp> {
        self.refuse_while_draining()?;
        onboarding::sign_up(self.house(), request).await
    }

    /// Begins a session.
    ///
    /// # Errors
    /// [`ApiError::InvalidCredentials`], [`ApiError::TooManyAttempts`].
    pub async fn sign_in(&self, request: SignIn) -> ApiResult<SignedIn> {
        self.refuse_while_draining()?;
        onboarding::sign_in(&self.0.house, request).await
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
        onboarding::sign_out(self.house(), tenant.creditor(), token, everywhere).await
    }

    /// Where onboarding stands.
    ///
    /// # Errors
    /// [`ApiError::Overloaded`] when the database does not answer.
    pub async fn onboarding_status(
        &self,
        tenant: &AuthenticatedTenant,
    ) -> ApiResult<OnboardingStatus> {
        onboarding::onboarding_status(self.house(), tenant.creditor()).await
    }

    /// The setup checklist.
    ///
    /// # Errors
    /// [`ApiError::Overloaded`] when the database does not answer.
    pub async fn setup(&self, tenant: &AuthenticatedTenant) -> ApiResult<SetupView> {
        onboarding::setup_view(self.house(), tenant.creditor()).await
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
        onboarding::update_setup(self.house(), tenant.creditor(), tenant.actor(), patch).await
    }

    /// The agreement.
    ///
    /// # Errors
    /// [`ApiError::Overloaded`] when the database does not answer.
    pub async fn agreement(&self, tenant: &AuthenticatedTenant) -> ApiResult<AgreementView> {
        onboarding::agreement_view(self.house(), tenant.creditor()).await
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
        onboarding::agreement_view(self.house(), creditor).await
    }

    /// Shows the key, exactly once.
    ///
    /// # Errors
    /// [`ApiError::GatesPending`] before it was issued, [`ApiError::AlreadyRevealed`] afterwards.
    pub async fn reveal_api_key(&self, tenant: &AuthenticatedTenant) -> ApiResult<RevealedKey> {
        tenant.refuse_api_key()?;
        onboarding::reveal(self.house(), tenant.creditor(), tenant.actor()).await
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
        let house = self.house();
        let event = onboarding::verify_and_read(
            &house.settings,
            provider,
            &delivery,
            house.clock.now_ms(),
        )?;
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
            .house()
            .addresses
            .evaluator
            .call(PATIENCE, question)
            .await;
        answer.unwrap_or_else(|error| {
            tracing::warn!(%error, "the gate evaluator did not answer");
            Err(match error {
                // It may have committed: every fact can be told again without effect.
                CallError::Unavailable | CallError::Unanswered | CallError::TimedOut => {
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
        let db = self.house().db.reader();
        let id = tenant.creditor();
        let row = creditors::by_id(db, id)
            .await
            .or_fault()?
            .ok_or(ApiError::no_such("creditor"))?;
        let gate_rows = rows::gates(db, id).await.or_fault()?;
        let key = keys::current(db, id).await.or_fault()?;
        let endpoint = webhooks::primary(db, id).await.or_fault()?;
        let gates = onboarding::gates_from(gate_rows.iter());
        let status = onboarding::account_status_of(&row, gate_rows.iter());
        let blocked = outreach::account_reason(status);
        let prefix = key.as_ref().map(|key| key.prefix.clone());
        let masked = prefix
            .as_deref()
            .and_then(|prefix| KeyPrefix::parse(prefix).ok())
            .map(|prefix| mask(&prefix));
        Ok(SettingsView {
            id: id.0,
            name: row.name,
            status: status.as_str().to_owned(),
            kyb_cleared: gates.passed(Gate::KybVerified),
            payouts_enabled: gates.passed(Gate::PayoutsEnabled),
            msa_accepted: gates.passed(Gate::MsaOnFile),
            api_key_prefix: prefix,
            api_key: masked,
            outreach_ready: blocked.is_none(),
            outreach_blocked_reason: blocked.map(str::to_owned),
            posture_default: row.posture_default,
            webhook_url: endpoint.as_ref().and_then(endpoints::shown_url),
            webhook_events: endpoint
                .and_then(|endpoint| endpoint.events)
                .and_then(|json| serde_json::from_str(&json).ok()),
            tier: row.tier,
        })
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
        self.refuse_while_draining()?;
        let house = self.house();
        let change = endpoints::check(house, patch.webhook_url, patch.webhook_events).await?;
        let file = AccountFile::open(house, tenant.creditor()).await?;
        let mut file = file.ok_or(ApiError::no_such("creditor"))?;
        if let Some(posture) = patch.posture_default {
            let data = json!({"from": file.creditor.posture_default, "to": posture.as_str()});
            file.creditor.posture_default = posture.as_str().to_owned();
            file.audit("settings.posture_default_changed", tenant.actor(), data);
            creditors::save(&file.transaction, file.creditor.clone())
                .await
                .or_fault()?;
        }
        endpoints::apply(house, &mut file, change, tenant.actor()).await?;
        file.close().await.or_fault()?;
        self.settings(tenant).await
    }
}
