//! Test databases, and the creditors, endpoints and deliveries in them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use entities::creditor::Model as Creditor;
use entities::delivery::{DeliveryState, Model as Delivery};
use entities::ids::{CreditorId, DeliveryId, EndpointId, MessageId, WebhookSecretId};
use entities::queries::{self, creditors, outbox};
use entities::webhook_endpoint::{DeliveryOrder, EndpointState, OnExhausted};
use entities::{Database, PoolSizes, message, webhook_endpoint, webhook_secret};
use sea_orm::{ConnectionTrait as _, EntityTrait as _};
use tokio::runtime::Handle;
use uuid::Uuid;

use crate::app::Modules;
use crate::cluster::Membership;
use crate::domain::limits::Tiers;
use crate::domain::retry_schedule::RetrySchedule;
use crate::infra::{Clock, Env, HostLookup, Mode, ProviderSecrets, Settings, Timeouts, Vault};

/// Environment variable with the URL of a Postgres server whose role may create databases. If it is unset,
/// the tests use only SQLite.
const POSTGRES: &str = "PARTNER_API_TEST_POSTGRES";
/// The secret of every test endpoint, taken from the published Standard Webhooks test vector.
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A migrated database for one test.
pub(crate) struct TestDatabase {
    pub(crate) db: Database,
    pub(crate) url: String,
    /// Removes the database on drop, after `db` has been dropped.
    created: ::test_support::TestDatabase,
}

/// One database per available backend: SQLite, and Postgres if [`POSTGRES`] is set.
pub(crate) async fn test_databases() -> Vec<TestDatabase> {
    let mut test_databases = vec![sqlite().await];
    test_databases.extend(postgres().await);
    test_databases
}

pub(crate) async fn sqlite() -> TestDatabase {
    migrated(::test_support::TestDatabase::sqlite()).await
}

pub(crate) async fn postgres() -> Option<TestDatabase> {
    let server = std::env::var(POSTGRES).ok()?;
    Some(migrated(::test_support::TestDatabase::postgres(&server).await).await)
}

async fn migrated(created: ::test_support::TestDatabase) -> TestDatabase {
    let pools = PoolSizes { write: 4, read: 2 };
    let db = Database::connect(created.url(), pools).await.unwrap();
    migrations::migrate(&db.writer().unbounded()).await.unwrap();
    TestDatabase {
        db,
        url: created.url().to_owned(),
        created,
    }
}

/// A vault with a fixed test key.
pub(crate) fn vault() -> Vault {
    Vault::new(&master_key().into()).unwrap()
}

pub(crate) fn master_key() -> String {
    "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=".to_owned()
}

impl TestDatabase {
    /// Path of the SQLite file.
    pub(crate) fn path(&self) -> PathBuf {
        self.created.file()
    }

    /// Inserts a creditor.
    pub(crate) async fn creditor(&self) -> CreditorId {
        let id = CreditorId(Uuid::now_v7());
        let transaction = self.db.begin().await.unwrap();
        let model = Creditor {
            search: String::new(),
            id,
            name: "Acme".to_owned(),
            email: format!("{id}@example.com"),
            password_hash: String::new(),
            tier: "standard".to_owned(),
            limits_override: None,
            suspended_at_ms: None,
            support_only_mint: false,
            posture_default: entities::placement::StoredPosture::Preserve,
            company: "{}".to_owned(),
            ein_sealed: None,
            created_ms: 0,
        };
        creditors::insert(&transaction, model).await.unwrap();
        transaction.commit().await.unwrap();
        id
    }

    /// Inserts an enabled endpoint with one secret.
    pub(crate) async fn endpoint(&self, creditor_id: CreditorId, url: &str) -> EndpointId {
        let id = EndpointId(Uuid::now_v7());
        let transaction = self.db.begin().await.unwrap();
        let endpoint = webhook_endpoint::Model {
            description: None,
            throttle_per_second: None,
            sealed_headers: None,
            ordering: DeliveryOrder::default(),
            on_exhausted: OnExhausted::default(),
            failing_since_ms: None,
            last_failed_ms: None,
            id,
            creditor_id,
            is_primary: false,
            url: url.to_owned(),
            events: None,
            state: EndpointState::Enabled,
            state_reason: None,
            created_ms: 0,
            updated_ms: 0,
        };
        queries::insert(&transaction, endpoint).await.unwrap();
        let secret = webhook_secret::Model {
            id: WebhookSecretId(Uuid::now_v7()),
            endpoint_id: id,
            sealed: vault().seal(&format!("webhook:{id}"), SECRET).unwrap(),
            created_ms: 0,
            expires_ms: None,
        };
        queries::insert(&transaction, secret).await.unwrap();
        transaction.commit().await.unwrap();
        id
    }

    pub(crate) async fn set_state(&self, endpoint: EndpointId, state: &str) {
        let sql = format!(
            "UPDATE webhook_endpoint SET state = '{state}' WHERE id = {}",
            self.literal(endpoint.0)
        );
        self.db.writer().execute_unprepared(&sql).await.unwrap();
    }

    pub(crate) async fn endpoint_state(&self, endpoint: EndpointId) -> EndpointState {
        let found = webhook_endpoint::Entity::find_by_id(endpoint)
            .one(self.db.reader())
            .await
            .unwrap();
        found.unwrap().state
    }

    /// A UUID as an SQL literal.
    pub(crate) fn literal(&self, id: Uuid) -> String {
        self.created.uuid(&id.to_string())
    }

    /// Inserts `count` messages of the creditor, each with one delivery to the endpoint, due at `due_ms`.
    pub(crate) async fn enqueue(
        &self,
        creditor_id: CreditorId,
        endpoint_id: EndpointId,
        count: usize,
        due_ms: i64,
    ) -> Vec<DeliveryId> {
        let transaction = self.db.begin().await.unwrap();
        let mut positions = creditors::lock_positions(&transaction, &[creditor_id])
            .await
            .unwrap();
        let (mut messages, mut deliveries) = (Vec::new(), Vec::new());
        for _ in 0..count {
            positions[0].sequence += 1;
            let sequence = positions[0].sequence;
            let id = MessageId(Uuid::now_v7());
            messages.push(message::Model {
                id,
                creditor_id,
                event_type: "placement.created".to_owned(),
                sequence,
                payload: format!("{{\"sequence\":{sequence}}}"),
                created_ms: due_ms,
                initial_deliveries: 1,
                traceparent: None,
            });
            deliveries.push(Delivery {
                id: DeliveryId(Uuid::now_v7()),
                message_id: id,
                endpoint_id,
                creditor_id,
                state: DeliveryState::Pending,
                due_ms,
                owner: None,
                claim_no: 0,
                attempt: 0,
                order_key: None,
                sequence,
                response_status: None,
            });
        }
        let ids = deliveries.iter().map(|delivery| delivery.id).collect();
        creditors::save_positions(&transaction, positions)
            .await
            .unwrap();
        outbox::write(&transaction, messages, deliveries)
            .await
            .unwrap();
        transaction.commit().await.unwrap();
        ids
    }

    /// The row in the `delivery` table, or `None` if the delivery has left the queue.
    pub(crate) async fn hot(&self, delivery: DeliveryId) -> Option<Delivery> {
        entities::delivery::Entity::find_by_id(delivery)
            .one(self.db.reader())
            .await
            .unwrap()
    }

    /// All rows of the `delivery` table.
    pub(crate) async fn queue(&self) -> Vec<Delivery> {
        entities::delivery::Entity::find()
            .all(self.db.reader())
            .await
            .unwrap()
    }
}

/// Sandbox settings with a short retry schedule.
pub(crate) fn settings(url: &str) -> Settings {
    Settings {
        mode: Mode::Sandbox,
        database_url: url.to_owned().into(),
        database_timeouts: Timeouts::default(),
        master_key: master_key().into(),
        support_tokens: Vec::new(),
        providers: ProviderSecrets::default(),
        key_bcrypt_cost: 4,
        password_bcrypt_cost: 4,
        retry_schedule: RetrySchedule::parse("50ms,100ms,200ms").unwrap(),
        delivery_timeout: Duration::from_millis(500),
        payload_days: 30,
        attempt_days: 90,
        webhook_allow: Vec::new(),
        dns_servers: Vec::new(),
        tiers: Tiers::default(),
        simulator: false,
        user_agent: "partner-api/0.0.0-test".to_owned(),
        lock_file: None,
    }
}

/// Modules without running actors.
pub(crate) fn modules(
    db: Database,
    clock: Clock,
    settings: Settings,
    membership: Arc<Membership>,
) -> Modules {
    let env = Env {
        db,
        clock,
        vault: Vault::new(&settings.master_key).unwrap(),
        hosts: HostLookup::new(&settings.dns_servers).unwrap(),
        settings,
    };
    Modules::wire(env, membership, Handle::current()).unwrap()
}
