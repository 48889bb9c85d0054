//! What delivery itself does to an endpoint: switching it off, or pausing it, for a reason that its
//! owner is told.

use entities::ids::{CreditorId, EndpointId};
use entities::queries::delivery::{self, Completions};
use entities::webhook_endpoint::EndpointState;
use serde_json::json;

use super::attempt::Ended;
use crate::app::House;
use crate::contract::{ApiError, DbResultExt as _};
use crate::creditor::{AccountFile, Subject};
use crate::outbox::EventType;

/// Why an endpoint gets nothing more, for now or for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Stop {
    /// Its receiver answered 410.
    Gone,
    /// It has failed everything for days.
    GivenUp,
    /// The first in a line is out of attempts, and nothing may overtake it.
    LineBlocked,
}

impl Stop {
    /// Shown to the endpoint's owner.
    fn reason(self) -> &'static str {
        match self {
            Self::Gone => "its server answered 410 Gone",
            Self::GivenUp => "every delivery to it has failed for 5 days",
            Self::LineBlocked => {
                "a delivery that others wait behind is out of attempts; redeliver it, then set paused to false"
            }
        }
    }

    fn state(self) -> EndpointState {
        match self {
            Self::Gone | Self::GivenUp => EndpointState::Disabled,
            Self::LineBlocked => EndpointState::Paused,
        }
    }

    fn action(self) -> &'static str {
        match self {
            Self::Gone | Self::GivenUp => "webhook.endpoint_disabled",
            Self::LineBlocked => "webhook.endpoint_paused",
        }
    }
}

/// Writes an outcome that stops its endpoint, and stops it, in one transaction: so nothing that waits
/// behind it is taken in between. Of a lease that was rescued meanwhile nothing is written.
pub(super) async fn end_and_stop(house: &House, ended: &Ended) -> Result<(), ApiError> {
    let Some(stop) = ended.stop else {
        return Ok(());
    };
    let completions = Completions::of(&house.db, std::slice::from_ref(&ended.completion));
    let Some(mut file) = AccountFile::open(house, ended.creditor).await? else {
        return Ok(());
    };
    let done = completions.write(&file.transaction).await.or_fault()?;
    match done.is_empty() {
        true => tracing::info!(late = 1, "outcomes of leases that had been rescued"),
        false => stop_in(&mut file, ended.endpoint(), stop).await?,
    }
    file.close().await.or_fault()?;
    Ok(())
}

/// Stops the endpoint in a transaction of its own. Doing it twice is harmless.
pub(super) async fn switch_off(
    house: &House,
    creditor: CreditorId,
    endpoint: EndpointId,
    stop: Stop,
) -> Result<(), ApiError> {
    if let Some(mut file) = AccountFile::open(house, creditor).await? {
        stop_in(&mut file, endpoint, stop).await?;
        file.close().await.or_fault()?;
    }
    Ok(())
}

/// Stops the endpoint in its creditor's open file, and tells its owner's other endpoints if it is for
/// good, and the other nodes.
async fn stop_in(
    file: &mut AccountFile<'_>,
    endpoint: EndpointId,
    stop: Stop,
) -> Result<(), ApiError> {
    let creditor = file.creditor.id;
    let now_ms = file.journal.updated_ms(creditor);
    let (state, reason) = (stop.state(), stop.reason());
    let stopped = delivery::stop(&file.transaction, creditor, endpoint, state, reason, now_ms);
    if !stopped.await.or_fault()? {
        return Ok(());
    }
    let data = json!({"endpoint_id": endpoint, "reason": reason});
    file.audit(stop.action(), "system:delivery", data.clone());
    if state == EndpointState::Disabled {
        file.journal.forget_endpoint(endpoint);
        file.event(EventType::WebhookEndpointDisabled, data);
    }
    file.touch(Subject::StoppedEndpoint);
    tracing::warn!(%endpoint, %creditor, "an endpoint was stopped: {reason}");
    Ok(())
}
