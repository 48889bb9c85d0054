//! Who is calling.

use std::net::IpAddr;

use secrecy::SecretString;

use super::partner_api::PartnerApi;
use crate::auth::{Admitted, Refused, SignedInCaller, SupportActor};
use crate::contract::{ApiResult, RouteRequirements};

impl PartnerApi {
    /// Lets a request in, or says why not: the key, its scope, and both limits in one decision.
    ///
    /// # Errors
    /// [`Refused`], with the limits' state where the key was genuine.
    pub async fn admit(
        &self,
        bearer: &str,
        client: IpAddr,
        needs: RouteRequirements,
    ) -> Result<Admitted, Refused> {
        self.refuse_while_draining()?;
        self.0.modules.auth.api_key(bearer, client, needs).await
    }

    /// Lets a person in whose dashboard session this is, at the `cost` of the route. A token that came as a cookie is
    /// `renewable`: when it has aged, a new one takes its place.
    ///
    /// # Errors
    /// [`ApiError::InvalidSession`](crate::ApiError::InvalidSession), `TooManyAttempts` for an address that makes tokens up,
    /// `RateLimited`, `TooManyConcurrentRequests`.
    pub async fn authenticate_session(
        &self,
        token: &SecretString,
        renewable: bool,
        client: IpAddr,
        cost: u32,
    ) -> Result<SignedInCaller, Refused> {
        self.refuse_while_draining()?;
        let auth = &self.0.modules.auth;
        auth.session(token, renewable, client, cost).await
    }

    /// Lets the sign-up wizard in whose onboarding token this is, at the `cost` of the route.
    ///
    /// # Errors
    /// [`ApiError::InvalidOnboardingToken`](crate::ApiError::InvalidOnboardingToken), and as
    /// [`PartnerApi::authenticate_session`].
    pub async fn authenticate_onboarding(
        &self,
        token: &SecretString,
        client: IpAddr,
        cost: u32,
    ) -> Result<SignedInCaller, Refused> {
        self.refuse_while_draining()?;
        let auth = &self.0.modules.auth;
        auth.onboarding_token(token, client, cost).await
    }

    /// Which support caller this is. Every configured token is compared, in constant time. A wrong one is in the audit log.
    /// After several wrong ones an address has to wait, but a right token never does.
    ///
    /// # Errors
    /// [`ApiError::InvalidSupportToken`](crate::ApiError::InvalidSupportToken), `TooManyAttempts`.
    pub fn authenticate_support(
        &self,
        token: &SecretString,
        client: IpAddr,
    ) -> ApiResult<SupportActor> {
        self.refuse_while_draining()?;
        self.0.modules.auth.support(token, client)
    }
}
