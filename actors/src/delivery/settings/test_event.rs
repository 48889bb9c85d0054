//! The test event.

use std::time::Duration;

use entities::ids::CreditorId;
use entities::queries::webhooks;
use entities::webhook_endpoint::EndpointState;
use serde_json::{Map, json};

use crate::account::AccountFile;
use crate::api::error::ApiError;
use crate::api::fault::DbResultExt as _;
use crate::api::view::TestEventView;
use crate::delivery::catalogue::EventType;
use crate::delivery::deliveries;
use crate::house::House;

/// How long a test event's answer is waited for before the delivery is shown as it stands.
const TEST_PATIENCE: Duration = Duration::from_secs(5);
const TEST_LOOK_EVERY: Duration = Duration::from_millis(50);

/// Queues a test event past the endpoint's own filter, and reports the receiver's answer if it
/// comes soon.
pub(crate) async fn send_test(
    house: &House,
    creditor: CreditorId,
    actor: &str,
) -> Result<TestEventView, ApiError> {
    let none = ApiError::no_such("webhook; set webhook_url first");
    let file = AccountFile::open(house, creditor).await?;
    let mut file = file.ok_or(ApiError::no_such("creditor"))?;
    let endpoint = webhooks::primary(&file.transaction, creditor)
        .await
        .or_fault()?
        .ok_or(none.clone())?;
    if endpoint.state != EndpointState::Enabled {
        let msg = "webhook that is switched on; set webhook_url again to switch it on";
        return Err(ApiError::no_such(msg));
    }
    file.audit(
        "settings.webhook_tested",
        actor,
        json!({"endpoint_id": endpoint.id}),
    );
    let sent = file.journal.event_to(
        creditor,
        EventType::WebhookTest,
        None,
        Map::new(),
        &[endpoint.id],
    );
    let sent = sent.ok_or(ApiError::Internal)?;
    let delivery = *sent.deliveries.first().ok_or(ApiError::Internal)?;
    file.close().await.or_fault()?;
    let mut view = TestEventView {
        delivery_id: delivery.0,
        webhook_id: format!("msg_{}", sent.message),
        event: EventType::WebhookTest.as_str(),
        status: "pending".to_owned(),
        response_status: None,
    };
    let deadline = tokio::time::Instant::now() + TEST_PATIENCE;
    while tokio::time::Instant::now() < deadline {
        let shown = deliveries::detail(house, creditor, delivery)
            .await?
            .delivery;
        view.status = shown.status;
        view.response_status = shown.response_status;
        if shown.attempts > 0 {
            break;
        }
        tokio::time::sleep(TEST_LOOK_EVERY).await;
    }
    Ok(view)
}
