//! A request that asks to be let in.

use std::net::IpAddr;

use super::verified_secrets::Mac;
use crate::contract::RouteRequirements;
use crate::domain::api_key::PresentedKey;

/// A request that asks to be let in.
#[derive(Debug, Clone)]
pub(crate) struct AdmissionRequest {
    pub(crate) key: PresentedKey,
    /// Initiator which it is remembered.
    pub(crate) mac: Mac,
    /// Where it comes from.
    pub(crate) client: IpAddr,
    pub(crate) needs: RouteRequirements,
}
