//! Acting on the control feed: what other nodes changed about keys, limits and endpoints.

use entities::queries::node;
use entities::{DbErr, control_feed};

use crate::app::House;
use crate::delivery::DispatcherMsg;

/// Entries of one read.
const READ: u64 = 500;

/// Reads everything new and tells whom it concerns. Fresh is the memory of this process as of
/// the time at which the last of these reads began.
pub(super) async fn follow(house: &House) -> Result<(), DbErr> {
    #[cfg(feature = "fault-injection")]
    if house.standing.feed_is_cut() {
        return Err(DbErr::Custom("the tests have cut the feed".to_owned()));
    }
    loop {
        let began_ms = house.clock.now_ms();
        let after = house.standing.feed_position();
        let entries = node::read_feed(house.db.node(), after, READ).await?;
        let full = entries.len() as u64 >= READ;
        if entries
            .first()
            .is_some_and(|entry| entry.number > after + 1)
        {
            forget_everything(house);
        }
        for entry in &entries {
            tell(house, entry);
        }
        if let Some(last) = entries.last() {
            house.standing.set_feed_position(last.number);
        }
        if !full {
            house.standing.confirm_feed(began_ms);
            return Ok(());
        }
    }
}

/// An actor that is down has nothing to forget: it reads everything when it is back.
fn tell(house: &House, entry: &control_feed::Model) {
    let creditor = entry.creditor_id;
    match entry.subject.as_str() {
        "keys" | "limits" => {
            house.tenants.invalidate(creditor);
        }
        subject @ ("endpoints" | "stopped_endpoint") => {
            let by_owner = subject == "endpoints";
            let changed = DispatcherMsg::CreditorEndpointsChanged { creditor, by_owner };
            let _ = house.addresses.dispatcher.send(changed);
        }
        subject => tracing::warn!(
            subject,
            "a newer program speaks of what this one does not know"
        ),
    }
}

/// Numbers follow each other without a gap, so entries were removed before they were read: this
/// process slept for an hour. Whatever it remembers may be out of date.
fn forget_everything(house: &House) {
    tracing::error!("entries of the control feed were missed: everything is read again");
    house.tenants.invalidate_all();
    let _ = house
        .addresses
        .dispatcher
        .send(DispatcherMsg::EveryEndpointChanged);
}
