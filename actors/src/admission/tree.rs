//! The admission part of the supervision tree.

use std::sync::Arc;

use tokio::runtime::Handle;

use super::handle::Admission;
use super::registry::{Registry, RegistryArgs};
use super::secret_verifier::SecretVerifier;
use crate::contract::ActorView;
use crate::domain::restart_budget::RestartBudget;
use crate::keys::{KeyUsageRecorder, KeyUsageRecorderArgs};
use crate::supervision::{ChildSpec, ChildStatus, SupervisorArgs, SupervisorStatus};

/// Maximum number of tenants in a listing of the tree. A process may serve many more.
const MAX_SHOWN_TENANTS: usize = 100;

/// The supervisor of the Registry, the SecretVerifier and the KeyUsageRecorder. The KeyUsageRecorder
/// runs on `runtime`.
pub(crate) fn admission_tree(
    admission: &Arc<Admission>,
    runtime: &Handle,
    status: Arc<SupervisorStatus>,
) -> ChildSpec {
    let (admission, runtime) = (Arc::clone(admission), runtime.clone());
    let shared = Arc::clone(&status);
    ChildSpec::supervisor("admission", status, move || SupervisorArgs {
        status: Arc::clone(&shared),
        children: vec![
            registry(&admission),
            verifier(&admission),
            key_usage_recorder(&admission, &runtime),
        ],
        budget: RestartBudget::default(),
        clock: admission.env.clock.clone(),
    })
}

fn registry(admission: &Arc<Admission>) -> ChildSpec {
    let (mailbox, for_listing, for_start) = (
        admission.registry.clone(),
        Arc::clone(admission),
        Arc::clone(admission),
    );
    let status = ChildStatus::new("registry".to_owned(), "Registry", move || {
        mailbox.mailbox_len()
    })
    .with_dynamic_children(move || tenants(&for_listing));
    ChildSpec::new(status, &admission.registry, move || {
        let args = RegistryArgs {
            admission: Arc::clone(&for_start),
            me: for_start.registry.clone(),
        };
        (Registry, args)
    })
}

fn verifier(admission: &Arc<Admission>) -> ChildSpec {
    let pool = Arc::clone(&admission.keys.bcrypt);
    ChildSpec::worker(
        "secret_verifier",
        "SecretVerifier",
        &admission.verifier,
        move || (SecretVerifier, Arc::clone(&pool)),
    )
}

fn key_usage_recorder(admission: &Arc<Admission>, runtime: &Handle) -> ChildSpec {
    let keys = Arc::clone(&admission.keys);
    let handle = keys.usage.clone();
    ChildSpec::worker_on(
        runtime,
        "key_usage_recorder",
        "KeyUsageRecorder",
        &handle,
        move || {
            let args = KeyUsageRecorderArgs {
                env: Arc::clone(&keys.env),
                me: keys.usage.clone(),
            };
            (KeyUsageRecorder, args)
        },
    )
}

fn tenants(admission: &Admission) -> Vec<ActorView> {
    let entries = admission.tenants.all();
    let shown = entries.iter().take(MAX_SHOWN_TENANTS);
    shown
        .map(|entry| ActorView {
            name: entry.creditor.to_string(),
            kind: "Tenant".to_owned(),
            restarts: 0,
            mailbox: entry.handle.mailbox_len(),
            state: if entry.handle.mailbox_len().is_some() {
                "running"
            } else {
                "idle"
            }
            .to_owned(),
            children: Vec::new(),
        })
        .collect()
}
