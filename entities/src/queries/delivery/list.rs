//! Views of deliveries: undelivered rows come from the hot table, delivered ones from the history.

use sea_orm::{FromQueryResult, QueryOrder, entity::prelude::*};

use crate::ids::{CreditorId, DeliveryId, EndpointId, MessageId};
use crate::{Result, delivery_attempt, sql};

/// Maximum total that is counted.
const MAX_COUNTED: u64 = 10_000;

/// A delivery and its current status.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct DeliveryRow {
    /// UUID v7.
    pub id: DeliveryId,
    /// The message.
    #[sea_orm(from_alias = "message_id")]
    pub message: MessageId,
    /// The endpoint.
    #[sea_orm(from_alias = "endpoint_id")]
    pub endpoint: EndpointId,
    /// Owning creditor.
    #[sea_orm(from_alias = "creditor_id")]
    pub creditor: CreditorId,
    /// Event type.
    pub event_type: String,
    /// `pending`, `delivering`, `delivered`, `failed`, `exhausted` or `cancelled`.
    pub status: String,
    /// Number of finished attempts.
    pub attempts: i64,
    /// HTTP status of the last attempt.
    pub response_status: Option<i32>,
    /// When the next attempt is due, epoch milliseconds; absent if there is none.
    pub due_ms: Option<i64>,
    /// When it was delivered, epoch milliseconds.
    pub delivered_ms: Option<i64>,
    /// When the event happened, epoch milliseconds.
    pub created_ms: i64,
}

/// Filter of a list of deliveries.
#[derive(Clone, Debug, Default)]
pub struct ListFilter {
    /// Only deliveries of this creditor; `None` means all creditors, which only support may read.
    pub creditor: Option<CreditorId>,
    /// Only deliveries with this status, one of those of [`DeliveryRow::status`].
    pub status: Option<String>,
    /// Only deliveries of this event type.
    pub event: Option<String>,
}

/// Returns a page, newest first, and the number of matches: `None` if more than 10,000 match.
pub async fn list(
    db: &impl ConnectionTrait,
    filter: &ListFilter,
    limit: u64,
    offset: u64,
) -> Result<(Vec<DeliveryRow>, Option<u64>)> {
    let parts = Parts::of(filter, None);
    let rows = parts.rows(db, limit, offset).await?;
    Ok((rows, parts.count(db).await?))
}

/// Returns one delivery of a creditor.
pub async fn detail(
    db: &impl ConnectionTrait,
    creditor: CreditorId,
    delivery: DeliveryId,
) -> Result<Option<DeliveryRow>> {
    let filter = ListFilter {
        creditor: Some(creditor),
        ..ListFilter::default()
    };
    let parts = Parts::of(&filter, Some(delivery));
    Ok(parts.rows(db, 1, 0).await?.pop())
}

/// Returns the attempts of a delivery, oldest first.
pub async fn attempts(
    db: &impl ConnectionTrait,
    creditor: CreditorId,
    delivery: DeliveryId,
) -> Result<Vec<delivery_attempt::Model>> {
    use delivery_attempt::Column;
    delivery_attempt::Entity::find()
        .filter(Column::DeliveryId.eq(delivery))
        .filter(Column::CreditorId.eq(creditor))
        .order_by_asc(Column::AtMs)
        .order_by_asc(Column::Id)
        .all(db)
        .await
}

/// The sources of deliveries, each as `FROM … WHERE …`. Sources that cannot match are left out.
struct Parts {
    hot: Vec<String>,
    past: Option<String>,
    values: Vec<Value>,
}

/// Selects leased rows by the index on `owner`; epochs are positive. There are never many. The limit is never reached,
/// but it keeps planners from scanning the entire queue in order.
fn leased(and_creditor: &str) -> String {
    format!("(SELECT * FROM delivery WHERE owner >= 0{and_creditor} LIMIT 1000000)")
}

const HOT_COLUMNS: &str = "d.id, d.message_id, d.endpoint_id, d.creditor_id, \
    CASE WHEN d.owner IS NULL THEN d.state ELSE 'delivering' END AS status, d.response_status, \
    CASE WHEN d.owner IS NULL AND d.state IN ('pending', 'failed') THEN d.due_ms END AS due_ms, \
    CAST(NULL AS bigint) AS delivered_ms, m.event_type, m.created_ms";
const PAST_COLUMNS: &str = "d.delivery_id AS id, d.message_id, d.endpoint_id, d.creditor_id, \
    'delivered' AS status, d.response_status, CAST(NULL AS bigint) AS due_ms, \
    d.at_ms AS delivered_ms, m.event_type, m.created_ms";

impl Parts {
    fn of(filter: &ListFilter, delivery: Option<DeliveryId>) -> Self {
        let mut values: Vec<Value> = Vec::new();
        let (mut hot, mut past) = (vec!["true".to_owned()], vec![PAST.to_owned()]);
        let mut restrict = |in_hot: &str, in_past: &str, value: Value| {
            values.push(value);
            hot.push(format!("{in_hot} = ${}", values.len()));
            past.push(format!("{in_past} = ${}", values.len()));
        };
        // The creditor is the first parameter.
        let and_creditor = filter.creditor.map_or("", |_| " AND creditor_id = $1");
        if let Some(creditor) = filter.creditor {
            restrict("d.creditor_id", "d.creditor_id", creditor.into());
        }
        if let Some(delivery) = delivery {
            restrict("d.id", "d.delivery_id", delivery.into());
        }
        if let Some(event) = &filter.event {
            restrict("m.event_type", "m.event_type", event.as_str().into());
        }
        let of = |table: &str, conditions: &[String]| {
            let conditions = conditions.join(" AND ");
            format!("FROM {table} d JOIN message m ON m.id = d.message_id WHERE {conditions}")
        };
        let waiting =
            |hot: &[String]| of("delivery", &[hot, &["d.owner IS NULL".to_owned()]].concat());
        let being_sent = |hot: &[String]| of(&leased(and_creditor), hot);
        let hot = match filter.status.as_deref() {
            Some("delivered") => Vec::new(),
            Some("delivering") => vec![being_sent(&hot)],
            Some(state) => {
                values.push(state.into());
                hot.push(format!("d.state = ${}", values.len()));
                vec![waiting(&hot)]
            }
            // The waiting rows of a creditor have their own index.
            None if filter.creditor.is_some() && delivery.is_none() => {
                vec![waiting(&hot), being_sent(&hot)]
            }
            None => vec![of("delivery", &hot)],
        };
        let past_matches = matches!(filter.status.as_deref(), None | Some("delivered"));
        Self {
            hot,
            past: past_matches.then(|| of("delivery_attempt", &past)),
            values,
        }
    }

    async fn rows(
        &self,
        db: &impl ConnectionTrait,
        limit: u64,
        offset: u64,
    ) -> Result<Vec<DeliveryRow>> {
        let reach = limit.saturating_add(offset);
        let hot = self.hot.iter().map(|part| {
            format!(
                "SELECT * FROM (SELECT {HOT_COLUMNS} {part} ORDER BY d.id DESC LIMIT {reach}) hot"
            )
        });
        let past = self.past.iter().map(|part| {
            format!("SELECT * FROM (SELECT {PAST_COLUMNS} {part} ORDER BY d.delivery_id DESC LIMIT {reach}) past")
        });
        let text = format!(
            "SELECT page.*, (SELECT count(*) FROM delivery_attempt c WHERE c.delivery_id = page.id) AS attempts \
             FROM (SELECT * FROM ({}) deliveries ORDER BY id DESC LIMIT {limit} OFFSET {offset}) page ORDER BY id DESC",
            hot.chain(past).collect::<Vec<_>>().join(" UNION ALL "),
        );
        sql::rows(db, &text, self.values.clone()).await
    }

    async fn count(&self, db: &impl ConnectionTrait) -> Result<Option<u64>> {
        let cap = format!("LIMIT {}", MAX_COUNTED + 1);
        let counts = self.hot.iter().chain(&self.past);
        let counts =
            counts.map(|part| format!("(SELECT count(*) FROM (SELECT 1 {part} {cap}) matching)"));
        let text = format!("SELECT {}", counts.collect::<Vec<_>>().join(" + "));
        let total: Option<i64> = sql::value(db, &text, self.values.clone()).await?;
        let total = u64::try_from(total.unwrap_or_default()).unwrap_or_default();
        Ok((total <= MAX_COUNTED).then_some(total))
    }
}

/// Selects the last successful attempt of each delivery that is not queued again.
const PAST: &str = "d.outcome = 'delivered' \
    AND NOT EXISTS (SELECT 1 FROM delivery queued WHERE queued.id = d.delivery_id) \
    AND NOT EXISTS (SELECT 1 FROM delivery_attempt later WHERE later.delivery_id = d.delivery_id \
                    AND later.outcome = 'delivered' AND later.id > d.id)";
