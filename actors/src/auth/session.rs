//! Authentication of callers with a dashboard session or an onboarding token.

use std::net::IpAddr;

use entities::ids::CreditorId;
use secrecy::SecretString;

use super::caller::{AuthMethod, AuthenticatedTenant, SignedInCaller};
use super::handle::Auth;
use super::sessions::{dashboard_session, onboarding_token};
use crate::admission::{Rejection, admit_session};

impl Auth {
    /// Admits a caller with a dashboard session at the `cost` of the route. A token from a cookie is
    /// `renewable`: it is replaced by a new one when it has aged.
    ///
    /// # Errors
    /// [`ApiError::InvalidSession`], [`ApiError::TooManyAttempts`] for an address that sends made-up tokens,
    /// [`ApiError::RateLimited`], [`ApiError::TooManyConcurrentRequests`].
    pub(crate) async fn session(
        &self,
        token: &SecretString,
        renewable: bool,
        client: IpAddr,
        cost: u32,
    ) -> Result<SignedInCaller, Rejection> {
        let session = dashboard_session(self, token, client).await?;
        let tenant = (session.creditor(), AuthMethod::Session, "session");
        let mut caller = self.signed_in(tenant, cost).await?;
        caller.renewed = session.used(self, renewable).await;
        Ok(caller)
    }

    /// Admits the sign-up wizard with an onboarding token at the `cost` of the route.
    ///
    /// # Errors
    /// [`ApiError::InvalidOnboardingToken`], and all but the first of [`Auth::session`].
    pub(crate) async fn onboarding_token(
        &self,
        token: &SecretString,
        client: IpAddr,
        cost: u32,
    ) -> Result<SignedInCaller, Rejection> {
        let creditor = onboarding_token(self, token, client).await?;
        let tenant = (creditor, AuthMethod::OnboardingToken, "onboarding");
        self.signed_in(tenant, cost).await
    }

    async fn signed_in(
        &self,
        (creditor, method, actor): (CreditorId, AuthMethod, &str),
        cost: u32,
    ) -> Result<SignedInCaller, Rejection> {
        let admitted = admit_session(&self.admission, creditor, cost).await?;
        Ok(SignedInCaller {
            tenant: AuthenticatedTenant::new(creditor, method, actor.to_owned()),
            renewed: None,
            limits: admitted.limits,
            permit: admitted.permit,
        })
    }
}
