//! `GET /support/v1/actors`: shows the live supervision tree.

use ::actors::{ActorView, PartnerApi};
use axum::Json;
use axum::extract::State;

use crate::extract::Support;

/// Show the supervision tree
///
/// Returns every actor with its restarts and the length of its mailbox.
#[utoipa::path(
    get, path = "/support/v1/actors", tag = "Support",
    responses((status = 200, description = "The root of the tree", body = ActorView))
)]
pub(crate) async fn handle(State(api): State<PartnerApi>, _support: Support) -> Json<ActorView> {
    Json(api.actor_tree())
}
