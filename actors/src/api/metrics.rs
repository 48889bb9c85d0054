//! The method that a monitoring system scrapes.

use std::collections::BTreeMap;
use std::fmt;

use entities::PoolStatus;
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::partner_api::PartnerApi;
use crate::contract::{ActorView, ApiError, ApiResult};
use crate::delivery::GaugeValues;

impl PartnerApi {
    /// Returns all metrics of this process in the text format of OpenMetrics 1.0.
    ///
    /// # Errors
    /// [`ApiError::Overloaded`] if the queue depth cannot be read from the database.
    pub async fn metrics(&self) -> ApiResult<String> {
        let delivery = &self.modules().delivery;
        let now_ms = delivery.env.clock.mono_ms();
        let (open, half_open) = delivery.leases.circuits(now_ms);
        let levels = GaugeValues {
            queue: delivery.queue_depth.get(&delivery.env).await?,
            leases_in_use: delivery.leases.in_flight(),
            open,
            half_open,
        };
        let state = state_of(&self.env().db.pools(), &self.actor_tree());
        let text = state.and_then(|state| Ok(state + &delivery.metrics.render(&levels)?));
        text.map_err(|_| ApiError::Internal)
    }
}

/// The state of the database pools and of the actors, read at the scrape.
fn state_of(pools: &[PoolStatus], tree: &ActorView) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("partner_api");
    let connections = Family::<[(&str, &str); 2], Gauge>::default();
    let refuses = Family::<[(&str, &str); 1], Gauge>::default();
    for pool in pools {
        for (state, count) in [("idle", pool.idle), ("used", pool.open - pool.idle)] {
            let labels = [("pool", pool.name), ("state", state)];
            connections.get_or_create(&labels).set(count.into());
        }
        let labels = [("pool", pool.name)];
        refuses.get_or_create(&labels).set(pool.refuses.into());
    }
    registry.register(
        "database_connections",
        "Connections to the database by pool and state",
        connections,
    );
    registry.register(
        "database_refuses",
        "1 from the first statement that the database refuses to everybody, until one succeeds",
        refuses,
    );
    let mut actors = BTreeMap::new();
    add_up(tree, &mut actors);
    let [mailbox, restarts, running] =
        [(); 3].map(|()| Family::<[(&str, String); 1], Gauge>::default());
    for (kind, sums) in actors {
        let label = [("kind", kind.to_owned())];
        mailbox.get_or_create(&label).set(sums.mailbox);
        restarts.get_or_create(&label).set(sums.restarts);
        running.get_or_create(&label).set(sums.actors);
    }
    registry.register(
        "actor_mailbox_messages",
        "Messages that wait in the mailboxes, by kind of actor: a growing number means that it cannot keep up",
        mailbox,
    );
    registry.register(
        "actor_restarts",
        "Restarts of the actors of a kind that exist now: each is a bug, and the log has the panic",
        restarts,
    );
    registry.register("actors", "Actors by kind", running);
    let mut text = String::new();
    encode_registry(&mut text, &registry)?;
    Ok(text)
}

/// What the actors of one kind have in sum.
#[derive(Debug, Default)]
struct ActorSums {
    actors: i64,
    mailbox: i64,
    restarts: i64,
}

fn add_up<'a>(actor: &'a ActorView, sums: &mut BTreeMap<&'a str, ActorSums>) {
    let sum = sums.entry(&actor.kind).or_default();
    sum.actors += 1;
    let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    sum.mailbox += signed(actor.mailbox.unwrap_or_default());
    sum.restarts += signed(actor.restarts);
    for child in &actor.children {
        add_up(child, sums);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actors_of_a_kind_are_added_up() {
        let actor = |kind: &str, mailbox, restarts, children| ActorView {
            name: String::new(),
            kind: kind.to_owned(),
            restarts,
            mailbox: Some(mailbox),
            state: "running".to_owned(),
            children,
        };
        let writers = vec![actor("Writer", 3, 1, vec![]), actor("Writer", 4, 0, vec![])];
        let tree = actor("Supervisor", 0, 0, writers);
        let pool = PoolStatus {
            name: "write",
            open: 5,
            idle: 2,
            refuses: true,
        };
        let text = state_of(&[pool], &tree).unwrap();
        for line in [
            "partner_api_actor_mailbox_messages{kind=\"Writer\"} 7",
            "partner_api_actor_restarts{kind=\"Writer\"} 1",
            "partner_api_actors{kind=\"Writer\"} 2",
            "partner_api_database_connections{pool=\"write\",state=\"used\"} 3",
            "partner_api_database_refuses{pool=\"write\"} 1",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }
}
