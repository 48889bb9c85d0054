//! The `{id}` of a path. A malformed id gets the same 404 as an unknown id.

use std::marker::PhantomData;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use uuid::Uuid;

use crate::error::PartnerError;

/// A kind of object that has an id in paths.
pub(crate) trait Noun {
    /// The name of the kind in the 404 message.
    const NAME: &'static str;
}

/// The id of an object of kind `N`.
pub(crate) struct PathId<N>(pub(crate) Uuid, PhantomData<N>);

macro_rules! nouns {
    ($($noun:ident = $name:literal),+ $(,)?) => {
        $(
            #[doc = $name]
            pub(crate) struct $noun;
            impl Noun for $noun { const NAME: &'static str = $name; }
        )+
    };
}

nouns! { Placement = "placement", Delivery = "webhook delivery", Endpoint = "webhook endpoint", Creditor = "creditor", Dispute = "dispute", Recovery = "recovery" }

impl<N: Noun, S: Send + Sync> FromRequestParts<S> for PathId<N> {
    type Rejection = PartnerError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let unknown = || PartnerError::not_found(N::NAME);
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
        Ok(Self(id, PhantomData))
    }
}
