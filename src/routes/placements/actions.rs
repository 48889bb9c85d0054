//! `POST /v1/placements/{id}/<action>`: the creditor's actions that need no input.
//!
//! Owns the text of each in the OpenAPI document. [`CreditorAction`] owns the rules.

/// Declares one module with a handler for each action: `name "path" Action`, with the documentation of the route.
macro_rules! creditor_actions {
    ($($(#[$text:meta])+ $name:ident $path:literal $action:ident;)+) => {$(
        pub(crate) mod $name {
            use actors::{CreditorAction, PartnerApi, PlacementView};
            use axum::extract::State;
            use axum::http::StatusCode;
            use axum::response::Response;

            use crate::error::PartnerError;
            use crate::extract::json::NoFields;
            use crate::extract::path_id::Placement;
            use crate::extract::{Body, Caller, IdempotencyHeader, OptionalKey, PathId};
            use crate::routes::respond;

            $(#[$text])+
            #[utoipa::path(
                post, path = $path, tag = "Placements", params(IdempotencyHeader),
                responses(
                    (status = 200, description = "The placement after the change", body = PlacementView),
                    (status = 403, description = "`account_suspended`, `account_rejected`"),
                    (status = 409, description = "`invalid_transition`, `idempotency_in_progress`"),
                )
            )]
            pub(crate) async fn handle(
                State(api): State<PartnerApi>,
                caller: Caller,
                id: PathId<Placement>,
                key: OptionalKey,
                body: Body<NoFields>,
            ) -> Result<Response, PartnerError> {
                body.nothing()?;
                let action = CreditorAction::$action;
                let placement = api.act_on_placement(&caller.0, id.0, action, key.0).await?;
                Ok(respond::replayable(StatusCode::OK, placement))
            }
        }
    )+};
}

creditor_actions! {
    /// Recall a placement
    ///
    /// Takes the placement back and stops all work on it at once. You can undo the recall within 7 days.
    recall "/v1/placements/{id}/recall" Recall;

    /// Undo a recall
    ///
    /// Restores the status from before the recall. Works within 7 days, and only if you recalled the placement yourself.
    unrecall "/v1/placements/{id}/unrecall" Unrecall;

    /// Pause a placement
    ///
    /// Sets the flag `paused` and keeps the status. Outreach stops at once.
    pause "/v1/placements/{id}/pause" Pause;

    /// Resume a placement
    ///
    /// Clears the flag `paused`. Outreach continues.
    resume "/v1/placements/{id}/resume" Resume;
}
