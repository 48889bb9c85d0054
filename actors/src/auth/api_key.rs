//! Authentication of callers with an API key.

use std::net::IpAddr;

use super::caller::{Admitted, AuthMethod, AuthenticatedTenant};
use super::handle::Auth;
use crate::admission::Rejection;
use crate::contract::RouteRequirements;
use crate::domain::date::rfc3339_ms;

impl Auth {
    /// Admits a request or returns the reason for its refusal. One decision covers the key, its
    /// scope, and both limits.
    ///
    /// # Errors
    /// [`Rejection`], with the state of both limits if the key was genuine and had not ended.
    pub(crate) async fn api_key(
        &self,
        bearer: &str,
        client: IpAddr,
        needs: RouteRequirements,
    ) -> Result<Admitted, Rejection> {
        let admission = self.admission.admit_key(bearer, client, needs).await?;
        Ok(Admitted {
            tenant: AuthenticatedTenant::new(
                admission.creditor,
                AuthMethod::ApiKey,
                format!("api_key:{}", admission.prefix),
            ),
            limits: admission.limits,
            permit: admission.permit,
            expires_at: admission.expires_ms.map(rfc3339_ms),
        })
    }
}
