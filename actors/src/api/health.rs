//! The methods that report the health of the process: its actors and its database.

use entities::ids::CreditorId;
use entities::queries::creditors;
use uuid::Uuid;

use super::partner_api::PartnerApi;
use crate::contract::{ActorView, HealthView};

impl PartnerApi {
    /// Returns the supervision tree with the status of every actor.
    #[must_use]
    pub fn actor_tree(&self) -> ActorView {
        self.0.tree.view()
    }

    /// Checks that the database answers and has not refused the last write, and that every actor runs.
    pub async fn health(&self) -> HealthView {
        let probe = creditors::by_id(self.env().db.reader(), CreditorId(Uuid::nil())).await;
        let database = match probe {
            Err(_) => "does not answer",
            Ok(_) if self.env().db.refuses_writes() => "refuses writes",
            Ok(_) => "ok",
        };
        let down = first_down(&self.actor_tree());
        let actors = down.map_or_else(|| "ok".to_owned(), |name| format!("{name} is restarting"));
        let healthy = database == "ok" && actors == "ok";
        HealthView {
            status: if healthy { "ok" } else { "degraded" }.to_owned(),
            database: database.to_owned(),
            actors,
        }
    }
}

fn first_down(actor: &ActorView) -> Option<String> {
    if actor.state == "restarting" {
        return Some(actor.name.clone());
    }
    actor.children.iter().find_map(first_down)
}
