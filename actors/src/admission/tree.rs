//! The admission part of the supervision tree.

use std::sync::Arc;

use tokio::runtime::Handle;

use super::handle::Admission;
use super::registry::Registry;
use super::secret_verifier::SecretVerifier;
use crate::contract::ActorView;
use crate::keys::{KeyUsageRecorder, Keys};
use crate::supervision::{ChildSpec, ChildStatus, SupervisorStatus};

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
    let clock = admission.env.clock.clone();
    ChildSpec::supervisor("admission", status, &clock, move || {
        vec![
            registry(&admission),
            verifier(&admission),
            key_usage_recorder(&admission.keys).on(&runtime),
        ]
    })
}

fn registry(admission: &Arc<Admission>) -> ChildSpec {
    let (for_listing, for_start) = (Arc::clone(admission), Arc::clone(admission));
    let status = ChildStatus::new("registry", "Registry", &admission.registry)
        .with_children(move || tenants(&for_listing));
    ChildSpec::new(status, &admission.registry, move || {
        Registry::new(&for_start)
    })
}

fn verifier(admission: &Arc<Admission>) -> ChildSpec {
    let pool = Arc::clone(&admission.keys.bcrypt);
    let (name, handle) = ("secret_verifier", &admission.verifier);
    ChildSpec::worker(name, "SecretVerifier", handle, move || {
        SecretVerifier(Arc::clone(&pool))
    })
}

fn key_usage_recorder(keys: &Arc<Keys>) -> ChildSpec {
    let (keys, handle) = (Arc::clone(keys), keys.usage.clone());
    ChildSpec::worker(
        "key_usage_recorder",
        "KeyUsageRecorder",
        &handle,
        move || KeyUsageRecorder::new(Arc::clone(&keys.env), &keys.usage),
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
