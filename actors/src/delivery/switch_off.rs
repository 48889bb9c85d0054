//! What delivery itself does to an endpoint: switching it off, or pausing it, for a reason that its
//! owner is told.

use entities::ids::{CreditorId, EndpointId};
use entities::queries::delivery;
use entities::webhook_endpoint::EndpointState;
use serde_json::json;

use super::EventType;
use crate::account::{AccountFile, Subject};
use crate::api::error::ApiError;
use crate::api::fault::DbResultExt as _;
use crate::house::House;

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

/// Stops the endpoint, tells its owner's other endpoints if it is for good, and the other nodes, in
/// one transaction. Doing it twice is harmless.
pub(super) async fn switch_off(
    house: &House,
    creditor: CreditorId,
    endpoint: EndpointId,
    stop: Stop,
) -> Result<(), ApiError> {
    let Some(mut file) = AccountFile::open(house, creditor).await? else {
        return Ok(());
    };
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
    file.touch(Subject::Endpoints);
    tracing::warn!(%endpoint, %creditor, "an endpoint was stopped: {reason}");
    file.close().await.or_fault()?;
    Ok(())
}
