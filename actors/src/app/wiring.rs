//! The wiring of the modules: which module uses which, and where lower modules send their events.

use std::num::NonZero;
use std::sync::Arc;

use tokio::runtime::Handle;

use crate::admission::{Admission, KeyGuessThrottle, TenantCache, VerifiedSecrets};
use crate::auth::{Auth, LoginThrottle, UnknownTokenThrottle};
use crate::cluster::{ChangeKind, Cluster, ClusterEvent, Membership};
use crate::creditor::Creditors;
use crate::delivery::{Delivery, DispatcherMsg, Metrics, QueueDepth, Sender};
use crate::infra::{BcryptPool, Env};
use crate::keys::Keys;
use crate::leases::LeaseTable;
use crate::onboarding::Onboarding;
use crate::outbox::OutboxContext;
use crate::placements::Writers;
use crate::sandbox::Sandbox;
use crate::supervision::{ActorHandle, Recipient};

/// The number of Writers on Postgres. With only one, every commit waits for the fsync of the previous one.
const WRITERS_ON_POSTGRES: usize = 2;
/// The maximum number of callers that wait for a bcrypt thread.
const MAX_BCRYPT_QUEUE: usize = 256;

/// The handles of all modules.
#[derive(Debug)]
pub(crate) struct Modules {
    pub(crate) env: Arc<Env>,
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) creditors: Arc<Creditors>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) onboarding: Arc<Onboarding>,
    pub(crate) writers: Arc<Writers>,
    pub(crate) delivery: Arc<Delivery>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) auth: Arc<Auth>,
    pub(crate) sandbox: Arc<Sandbox>,
}

impl Modules {
    /// Builds every module from the modules below it. Starts no actor. The actors that write all the time will run on
    /// `runtime`.
    ///
    /// # Errors
    /// The HTTP client for webhooks cannot be created.
    pub(crate) fn wire(
        env: Env,
        membership: Arc<Membership>,
        runtime: Handle,
    ) -> Result<Self, reqwest::Error> {
        let env = Arc::new(env);
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let tenants = Arc::new(TenantCache::default());
        let nodes = membership.nodes().clone();
        let dispatcher = ActorHandle::new();
        let cluster = Arc::new(Cluster {
            env: Arc::clone(&env),
            membership: Arc::clone(&membership),
            node: ActorHandle::new(),
            events: cluster_events(&tenants, &dispatcher),
        });
        let leases: Arc<LeaseTable> = Arc::default();
        let outbox = Arc::new(OutboxContext {
            env: Arc::clone(&env),
            cluster: Arc::clone(&cluster),
            leases: Arc::clone(&leases),
            work: Recipient::of_actor(&dispatcher),
        });
        let creditors = Arc::new(Creditors::new(Arc::clone(&outbox)));
        let keys = Arc::new(Keys {
            env: Arc::clone(&env),
            creditors: Arc::clone(&creditors),
            bcrypt: Arc::new(BcryptPool::new(cores, MAX_BCRYPT_QUEUE)),
            usage: ActorHandle::new(),
        });
        let writers = if env.db.is_postgres() {
            WRITERS_ON_POSTGRES
        } else {
            1
        };
        let writers = Arc::new(Writers::new(outbox, writers));
        let metrics = Metrics::default();
        let sender = Sender::new(
            &env.settings,
            &env.clock,
            env.hosts.clone(),
            &metrics.connections,
        )?;
        let delivery = Arc::new(Delivery {
            env: Arc::clone(&env),
            cluster: Arc::clone(&cluster),
            creditors: Arc::clone(&creditors),
            leases,
            sender,
            metrics,
            queue_depth: QueueDepth::default(),
            dispatcher,
            completer: ActorHandle::new(),
            replayer: ActorHandle::new(),
            runtime,
        });
        let admission = Arc::new(Admission {
            env: Arc::clone(&env),
            membership,
            keys: Arc::clone(&keys),
            tenants,
            verified_secrets: VerifiedSecrets::default(),
            key_guesses: KeyGuessThrottle::new(nodes.clone()),
            registry: ActorHandle::new(),
            verifier: ActorHandle::new(),
        });
        let auth = Arc::new(Auth {
            env: Arc::clone(&env),
            admission: Arc::clone(&admission),
            creditors: Arc::clone(&creditors),
            passwords: BcryptPool::new(cores, MAX_BCRYPT_QUEUE),
            logins: LoginThrottle::new(&nodes),
            tokens: UnknownTokenThrottle::new(nodes),
        });
        let onboarding = Arc::new(Onboarding::new(Arc::clone(&creditors)));
        let sandbox = Arc::new(Sandbox {
            env: Arc::clone(&env),
            writers: Arc::clone(&writers),
            simulator: ActorHandle::new(),
        });
        Ok(Self {
            env,
            cluster,
            creditors,
            keys,
            onboarding,
            writers,
            delivery,
            admission,
            auth,
            sandbox,
        })
    }
}

/// Routes cluster events. Changes of keys and limits mark the cached state of a tenant as stale, whether or not its
/// actor runs. All other events go to the Dispatcher. It may miss them while it is down, because it reads everything
/// at its start.
fn cluster_events(
    tenants: &Arc<TenantCache>,
    dispatcher: &ActorHandle<DispatcherMsg>,
) -> Recipient<ClusterEvent> {
    let (tenants, dispatcher) = (Arc::clone(tenants), dispatcher.clone());
    Recipient::new(move |event| {
        let message = match event {
            ClusterEvent::Changed {
                creditor,
                kind: ChangeKind::Keys | ChangeKind::Limits,
            } => {
                tenants.invalidate(creditor);
                return;
            }
            ClusterEvent::Changed { creditor, kind } => DispatcherMsg::CreditorEndpointsChanged {
                creditor,
                by_owner: kind == ChangeKind::Endpoints,
            },
            ClusterEvent::FeedGap => {
                tenants.invalidate_all();
                DispatcherMsg::EveryEndpointChanged
            }
            ClusterEvent::PeerNotified => DispatcherMsg::PeerNotified,
            ClusterEvent::DeliveriesFreed => DispatcherMsg::Poll,
        };
        let _ = dispatcher.send(message);
    })
}
