//! Ringing for the other processes and hearing them: only a matter of speed, for everybody polls.
//!
//! Rings are gathered for a moment, so that however many commits there are, one NOTIFY goes out. What is heard is passed on
//! as the wake-ups that this process gives itself.

use std::sync::Arc;
use std::time::Duration;

use entities::queries::node::{self, Ear, Ring};
use entities::{Database, DbErr};
use tokio::task::JoinHandle;

use super::node::{NodeMsg, NodeState};
use crate::app::House;
use crate::delivery::DispatcherMsg;
use crate::supervision::spawn_reporting;

/// For so long rings are gathered.
const GATHER: Duration = Duration::from_millis(20);
/// From a lost ear to the next one.
const DEAF_PAUSE: Duration = Duration::from_secs(1);

/// What is to be rung out.
#[derive(Debug, Default)]
pub(super) struct Bell {
    gathered: Ring,
    /// A round is on its way: one at a time, so that a slow database is rung less often.
    busy: bool,
}

/// The task that hears the others; it ends with this.
#[derive(Debug)]
pub(super) struct Listening(JoinHandle<()>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Asks the Node to ring for the others, where there may be any.
pub(crate) fn ring(house: &House, ring: Ring) {
    if house.db.is_postgres() {
        let _ = house.addresses.node.send(NodeMsg::Ring { ring });
    }
}

impl NodeState {
    pub(super) fn gather(&mut self, ring: Ring) {
        self.bell.gathered = self.bell.gathered.and(ring);
        self.ring_soon();
    }

    fn ring_soon(&mut self) {
        if !self.bell.busy && !self.bell.gathered.is_silent() {
            self.bell.busy = true;
            let me = &self.house.addresses.node;
            me.send_after(GATHER, NodeMsg::RingOut);
        }
    }

    pub(super) fn ring_out(&mut self) {
        let ring = std::mem::take(&mut self.bell.gathered);
        let house = Arc::clone(&self.house);
        spawn_reporting(&self.house.addresses.node, NodeMsg::RungOut, async move {
            if let Err(error) = node::ring(&house.db, house.standing.epoch(), ring).await {
                tracing::debug!(%error, "the others were not rung for; they poll");
            }
            NodeMsg::RungOut
        });
    }

    pub(super) fn rung_out(&mut self) {
        self.bell.busy = false;
        self.ring_soon();
    }
}

/// Passes on what the others ring, as long as the Node lives.
pub(super) fn listen(house: &Arc<House>) -> Listening {
    let house = Arc::clone(house);
    Listening(tokio::spawn(async move {
        while let Err(error) = hear(&house, &house.db).await {
            tracing::debug!(%error, "the others are not heard for a moment");
            tokio::time::sleep(DEAF_PAUSE).await;
        }
    }))
}

/// Ends well where there are no others.
async fn hear(house: &House, db: &Database) -> Result<(), DbErr> {
    let Some(mut ear) = Ear::open(db).await? else {
        return Ok(());
    };
    loop {
        let rung = ear.next(|| house.standing.epoch()).await?;
        if rung.due {
            let _ = house.addresses.dispatcher.send(DispatcherMsg::Rung);
        }
        if rung.feed {
            let _ = house.addresses.node.send(NodeMsg::PollFeed);
        }
    }
}
