//! The input of admission.

use std::net::IpAddr;

use super::verified_secrets::Mac;
use crate::contract::RouteRequirements;
use crate::domain::api_key::PresentedKey;

/// A request to be admitted or rejected.
#[derive(Debug, Clone)]
pub(crate) struct AdmissionRequest {
    pub(crate) key: PresentedKey,
    /// MAC of `key`, which identifies it in the caches.
    pub(crate) mac: Mac,
    /// Address of the client.
    pub(crate) client: IpAddr,
    pub(crate) needs: RouteRequirements,
}
