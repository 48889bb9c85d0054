//! The methods that authenticate a request and admit it under the rate limits.

use std::net::IpAddr;

use secrecy::SecretString;

use super::partner_api::PartnerApi;
use crate::admission::Rejection;
use crate::auth::{Admitted, SignedInCaller, SupportActor};
use crate::contract::{ApiResult, RouteRequirements};

impl PartnerApi {
    /// Authenticates an API key and admits the request. The key, its scope, its network allowlist and both rate limits
    /// are checked in one decision.
    ///
    /// # Errors
    /// [`Rejection`]. It includes the state of the rate limits if the key was valid.
    pub async fn admit(
        &self,
        bearer: &str,
        client: IpAddr,
        needs: RouteRequirements,
    ) -> Result<Admitted, Rejection> {
        self.refuse_while_draining()?;
        self.0.modules.auth.api_key(bearer, client, needs).await
    }

    /// Authenticates a dashboard session and charges the `cost` of the route to its rate limit. A token from a cookie
    /// is `renewable`: a new token replaces it once it is old enough.
    ///
    /// # Errors
    /// [`ApiError::InvalidSession`](crate::ApiError::InvalidSession), `TooManyAttempts` for a client that sends too
    /// many unknown tokens, `RateLimited`, `TooManyConcurrentRequests`.
    pub async fn authenticate_session(
        &self,
        token: &SecretString,
        renewable: bool,
        client: IpAddr,
        cost: u32,
    ) -> Result<SignedInCaller, Rejection> {
        self.refuse_while_draining()?;
        let auth = &self.0.modules.auth;
        auth.session(token, renewable, client, cost).await
    }

    /// Authenticates an onboarding token and charges the `cost` of the route to its rate limit.
    ///
    /// # Errors
    /// [`ApiError::InvalidOnboardingToken`](crate::ApiError::InvalidOnboardingToken), `TooManyAttempts`, `RateLimited`,
    /// `TooManyConcurrentRequests`.
    pub async fn authenticate_onboarding(
        &self,
        token: &SecretString,
        client: IpAddr,
        cost: u32,
    ) -> Result<SignedInCaller, Rejection> {
        self.refuse_while_draining()?;
        let auth = &self.0.modules.auth;
        auth.onboarding_token(token, client, cost).await
    }

    /// Authenticates a support token. It is compared with every configured token in constant time. A wrong token is
    /// recorded in the audit log. A client that sends several wrong tokens is throttled. A correct token is never
    /// throttled.
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
