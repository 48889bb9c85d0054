//! The `{id}` of a path. A malformed id gets the same 404 as an unknown id.

use actors::ids::{CreditorId, DeliveryId, DisputeId, EndpointId, PlacementId, RecoveryId};
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use uuid::Uuid;

use crate::error::PartnerError;

/// An id that callers send.
pub(crate) trait Id: From<Uuid> {
    /// What it identifies, for error messages.
    const NOUN: &'static str;
}

macro_rules! nouns {
    ($($id:ty = $noun:literal),+ $(,)?) => {
        $(impl Id for $id { const NOUN: &'static str = $noun; })+
    };
}

nouns! {
    PlacementId = "placement",
    DeliveryId = "webhook delivery",
    EndpointId = "webhook endpoint",
    CreditorId = "creditor",
    DisputeId = "dispute",
    RecoveryId = "recovery",
}

/// The id in a path.
pub(crate) struct PathId<I>(pub(crate) I);

impl<I: Id, S: Send + Sync> FromRequestParts<S> for PathId<I> {
    type Rejection = PartnerError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let unknown = || PartnerError::not_found(I::NOUN);
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| unknown())?;
        let (_, text) = params
            .iter()
            .find(|(name, _)| *name == "id")
            .ok_or_else(unknown)?;
        // Only the hyphenated form is accepted. Other forms would give one object several URLs.
        let id = Uuid::try_parse(text)
            .ok()
            .filter(|_| text.len() == 36)
            .ok_or_else(unknown)?;
        Ok(Self(id.into()))
    }
}
