//! Switching an endpoint off whose receiver answered 410: the one change that delivery makes to
//! an endpoint.

use entities::DbErr;
use entities::ids::{CreditorId, EndpointId};
use entities::queries::{creditors, delivery, node};

use crate::house::House;

/// Shown to the endpoint's owner.
const REASON: &str = "its server answered 410 Gone";

/// Disables the endpoint and tells the other nodes, in one transaction. Doing it twice is harmless.
pub(super) async fn switch_off(
    house: &House,
    creditor: CreditorId,
    endpoint: EndpointId,
) -> Result<(), DbErr> {
    let now_ms = house.clock.now_ms();
    let transaction = house.db.begin().await?;
    creditors::lock_positions(&transaction, &[creditor]).await?;
    if !delivery::disable(&transaction, creditor, endpoint, REASON, now_ms).await? {
        return transaction.rollback().await;
    }
    node::append_feed(&transaction, "endpoints", creditor, now_ms).await?;
    transaction.commit().await?;
    tracing::warn!(%endpoint, %creditor, "an endpoint was switched off: {REASON}");
    Ok(())
}
