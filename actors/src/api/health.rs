//! How the process itself is: its actors and its database.

use entities::ids::CreditorId;
use entities::queries::creditors;
use uuid::Uuid;

use super::partner_api::PartnerApi;
use crate::contract::{ActorView, HealthView};

impl PartnerApi {
    /// The live supervision tree.
    #[must_use]
    pub fn actor_tree(&self) -> ActorView {
        self.0.tree.view()
    }

    /// Whether database and actors are well.
    pub async fn health(&self) -> HealthView {
        let asked = creditors::by_id(self.0.modules.env.db.reader(), CreditorId(Uuid::nil())).await;
        let database = asked.map_or_else(|_| "does not answer".to_owned(), |_| "ok".to_owned());
        let down = first_down(&self.actor_tree());
        let actors = down.map_or_else(|| "ok".to_owned(), |name| format!("{name} is restarting"));
        let well = database == "ok" && actors == "ok";
        HealthView {
            status: if well { "ok" } else { "degraded" }.to_owned(),
            database,
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
