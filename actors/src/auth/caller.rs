//! Who is calling: keys, sessions, onboarding tokens, support tokens.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use entities::ids::CreditorId;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::admission::{
    Knock, LimitReport, Mac, Permit, Refusal, RegistryMsg, TenantMsg, TenantSlot, Verdict,
    admit_person, keyed_mac,
};
use crate::api::{ApiResult, PartnerApi};
use crate::contract::{ApiError, RouteNeeds};
use crate::domain::api_key::{KeyPrefix, PresentedKey};
use crate::domain::date::rfc3339_ms;
use crate::domain::fingerprint::idempotency_key_ok;
use crate::supervision::CallError;

/// How long a request may wait for admission: a cold tenant is read and its key hashed in it.
const PATIENCE: Duration = Duration::from_secs(10);
/// A tenant's actor that dies under a request is started again; a request tries so often.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(50);

/// How the caller proved who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// An API key.
    ApiKey,
    /// A signed-in person.
    Session,
    /// The sign-up wizard.
    OnboardingToken,
}

/// A caller whose creditor is proven.
#[derive(Debug, Clone)]
pub struct AuthenticatedTenant {
    creditor: CreditorId,
    via: Via,
    actor: String,
}

impl AuthenticatedTenant {
    pub(crate) fn new(creditor: CreditorId, via: Via, actor: String) -> Self {
        Self {
            creditor,
            via,
            actor,
        }
    }

    /// Whose data it may touch.
    #[must_use]
    pub fn creditor_id(&self) -> Uuid {
        self.creditor.0
    }

    /// How it proved that.
    #[must_use]
    pub fn via(&self) -> Via {
        self.via
    }

    pub(crate) fn creditor(&self) -> CreditorId {
        self.creditor
    }

    /// Its name in the audit log.
    pub(crate) fn actor(&self) -> &str {
        &self.actor
    }

    /// Only a signed-in person may go on.
    pub(crate) fn require_session(&self) -> ApiResult<()> {
        match self.via {
            Via::Session => Ok(()),
            Via::ApiKey | Via::OnboardingToken => Err(ApiError::DashboardSessionRequired),
        }
    }

    /// A key may not go on: a leaked one cannot help itself.
    pub(crate) fn refuse_api_key(&self) -> ApiResult<()> {
        match self.via {
            Via::Session | Via::OnboardingToken => Ok(()),
            Via::ApiKey => Err(ApiError::DashboardSessionRequired),
        }
    }
}

/// A person's request that was let in.
#[derive(Debug)]
pub struct SignedInCaller {
    /// Who it is.
    pub tenant: AuthenticatedTenant,
    /// The token that takes the place of the one that was sent, once it is used.
    pub renewed: Option<SecretString>,
    /// What people may do, in the key's place, and the creditor's limit, of which they take nothing.
    pub limits: LimitReport,
    /// Its place among the creditor's people: to be kept until the response's body has ended.
    pub permit: Permit,
}

/// A support caller.
#[derive(Debug, Clone)]
pub struct SupportActor {
    name: String,
}

impl SupportActor {
    /// Its name in the audit log.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

/// A request that was let in.
#[derive(Debug)]
pub struct Admitted {
    /// Who it is.
    pub tenant: AuthenticatedTenant,
    /// Both limits, from the decision that let it in.
    pub limits: LimitReport,
    /// Its place among the creditor's concurrent requests: to be kept until the response's body
    /// has ended.
    pub permit: Permit,
    /// When a retiring key stops.
    pub expires_at: Option<String>,
}

/// A request that was not let in.
#[derive(Debug)]
pub struct Refused {
    /// Why.
    pub error: ApiError,
    /// Both limits, where the caller is known.
    pub limits: Option<LimitReport>,
    /// When a retiring key stops.
    pub expires_at: Option<String>,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self {
            error: refusal.error,
            limits: refusal.limits,
            expires_at: refusal.expires_ms.map(rfc3339_ms),
        }
    }
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Refusal::from(error).into()
    }
}

/// An `Idempotency-Key` that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// 1 to 255 printable ASCII characters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        idempotency_key_ok(text).then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartnerApi {
    /// Lets a request in, or says why not: the key, its scope, and both limits in one decision.
    ///
    /// # Errors
    /// [`Refused`], with the limits' state where the key was genuine.
    pub async fn admit(
        &self,
        bearer: &str,
        client: IpAddr,
        needs: RouteNeeds,
    ) -> Result<Admitted, Refused> {
        let admission = self.knock(bearer, client, needs).await?;
        Ok(Admitted {
            tenant: AuthenticatedTenant::new(
                admission.creditor,
                Via::ApiKey,
                format!("api_key:{}", admission.prefix),
            ),
            limits: admission.limits,
            permit: admission.permit,
            expires_at: admission.expires_ms.map(rfc3339_ms),
        })
    }

    async fn knock(&self, bearer: &str, client: IpAddr, needs: RouteNeeds) -> Verdict {
        self.refuse_while_draining()?;
        // The checksum refuses what was mistyped or made up before anything else is asked.
        let key = PresentedKey::parse(bearer).map_err(|_| ApiError::InvalidApiKey)?;
        let mac = keyed_mac(&key);
        let slot = match self.house().tenants.by_prefix(&key.prefix) {
            Some(slot) => slot,
            None => self.look_up(&key, &mac, client).await?,
        };
        let knock = Knock {
            key,
            mac,
            client,
            needs,
        };
        match knock.at_once(&self.0.house, &slot) {
            Some(verdict) => verdict,
            None => self.ask_tenant(knock, slot).await,
        }
    }

    /// Waits for what the decision lacks.
    async fn ask_tenant(&self, knock: Knock, mut slot: Arc<TenantSlot>) -> Verdict {
        for _ in 0..TRIES {
            let knock = Box::new(knock.clone());
            match slot
                .address
                .call(PATIENCE, |reply| TenantMsg::Admit { knock, reply })
                .await
            {
                Ok(verdict) => return verdict,
                Err(CallError::TimedOut) => return Err(ApiError::Overloaded.into()),
                Err(CallError::Unavailable) => match self.respawn(Arc::clone(&slot)).await {
                    Ok(respawned) => slot = respawned,
                    Err(_) => tokio::time::sleep(PAUSE).await,
                },
                Err(CallError::Unanswered) => tokio::time::sleep(PAUSE).await,
            }
        }
        Err(ApiError::Overloaded.into())
    }

    /// Asks the database for a prefix that this process has not met, unless its caller guesses.
    async fn look_up(
        &self,
        key: &PresentedKey,
        mac: &Mac,
        client: IpAddr,
    ) -> ApiResult<Arc<TenantSlot>> {
        let (guesses, prefix) = (&self.house().guesses, key.prefix.as_str());
        // A tenant that was let go comes back, whoever guesses beside it.
        if !self.house().proofs.were_given(&key.prefix, mac) {
            guesses.may_try(mac, prefix, client, self.now_ms())?;
        }
        let found = self.resolve(key.prefix).await;
        if found.as_ref().err() == Some(&ApiError::InvalidApiKey) {
            guesses.refused(mac, prefix, client, self.now_ms());
        }
        found
    }

    async fn resolve(&self, prefix: KeyPrefix) -> ApiResult<Arc<TenantSlot>> {
        let registry = &self.house().addresses.registry;
        for _ in 0..TRIES {
            match registry
                .call(PATIENCE, |reply| RegistryMsg::Resolve { prefix, reply })
                .await
            {
                Ok(found) => return found,
                Err(CallError::TimedOut) => return Err(ApiError::Overloaded),
                Err(CallError::Unavailable | CallError::Unanswered) => {
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        Err(ApiError::Overloaded)
    }

    async fn respawn(&self, slot: Arc<TenantSlot>) -> ApiResult<Arc<TenantSlot>> {
        let registry = &self.house().addresses.registry;
        let respawned = registry
            .call(PATIENCE, |reply| RegistryMsg::Respawn { slot, reply })
            .await;
        respawned.unwrap_or(Err(ApiError::Overloaded))
    }

    /// Lets a person in whose dashboard session this is, at the `cost` of the route. A token that came as a cookie is
    /// `renewable`: when it has aged, a new one takes its place.
    ///
    /// # Errors
    /// [`ApiError::InvalidSession`], [`ApiError::TooManyAttempts`] for an address that makes tokens up,
    /// [`ApiError::RateLimited`], [`ApiError::TooManyConcurrentRequests`].
    pub async fn authenticate_session(
        &self,
        token: &SecretString,
        renewable: bool,
        client: IpAddr,
        cost: u32,
    ) -> Result<SignedInCaller, Refused> {
        self.refuse_while_draining()?;
        let session =
            super::sessions::dashboard_session(&self.0.house, token, renewable, client).await?;
        let admitted = admit_person(self.house(), session.creditor, cost).await?;
        Ok(SignedInCaller {
            tenant: AuthenticatedTenant::new(session.creditor, Via::Session, "session".to_owned()),
            renewed: session.renewed,
            limits: admitted.limits,
            permit: admitted.permit,
        })
    }

    /// Lets the sign-up wizard in whose onboarding token this is, at the `cost` of the route.
    ///
    /// # Errors
    /// [`ApiError::InvalidOnboardingToken`], and as [`PartnerApi::authenticate_session`].
    pub async fn authenticate_onboarding(
        &self,
        token: &SecretString,
        client: IpAddr,
        cost: u32,
    ) -> Result<SignedInCaller, Refused> {
        self.refuse_while_draining()?;
        let creditor = super::sessions::onboarding_token(self.house(), token, client).await?;
        let admitted = admit_person(self.house(), creditor, cost).await?;
        let (via, actor) = (Via::OnboardingToken, "onboarding".to_owned());
        Ok(SignedInCaller {
            tenant: AuthenticatedTenant::new(creditor, via, actor),
            renewed: None,
            limits: admitted.limits,
            permit: admitted.permit,
        })
    }

    /// Which support caller this is. Every configured token is compared, in constant time. A wrong one is in the audit log;
    /// whoever goes on trying has to wait, and a right token never does.
    ///
    /// # Errors
    /// [`ApiError::InvalidSupportToken`], [`ApiError::TooManyAttempts`].
    pub fn authenticate_support(
        &self,
        token: &SecretString,
        client: IpAddr,
    ) -> ApiResult<SupportActor> {
        self.refuse_while_draining()?;
        let digest = |text: &SecretString| Sha256::digest(text.expose_secret().as_bytes());
        let presented = digest(token);
        let mut found = None;
        for known in &self.house().settings.support_tokens {
            if bool::from(digest(&known.token).ct_eq(&presented)) {
                found = Some(SupportActor {
                    name: known.name.clone(),
                });
            }
        }
        match found {
            Some(actor) => Ok(actor),
            None => Err(super::sign_in::refuse_support(&self.0.house, client)),
        }
    }
}
