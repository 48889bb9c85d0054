//! The supervision tree, for support.

use ::actors::ActorView;
use axum::Json;

use crate::extract::Support;

/// Show the supervision tree
///
/// Returns every actor with its restarts and the length of its mailbox.
#[utoipa::path(
    get, path = "/support/v1/actors", tag = "Support",
    responses((status = 200, description = "The root of the tree", body = ActorView))
)]
pub(crate) async fn show(support: Support) -> Json<ActorView> {
    Json(support.actor_tree())
}
