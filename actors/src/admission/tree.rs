//! The Admission part of the tree.

use std::sync::Arc;

use tokio::runtime::Handle;

use super::handle::Admission;
use super::registry::{Registry, RegistryArgs};
use super::secret_verifier::SecretVerifier;
use crate::contract::ActorView;
use crate::domain::restart_budget::RestartBudget;
use crate::keys::{LastUse, LastUseArgs};
use crate::supervision::{Branch, ChildSpec, SupervisorArgs, Vital};

/// Tenants shown in the listing of the tree: there may be very many.
const MAX_SHOWN_TENANTS: usize = 100;

/// Registry (with the tenants below it), SecretVerifier and LastUse, which writes on `runtime`.
pub(crate) fn admission_branch(
    admission: &Arc<Admission>,
    runtime: &Handle,
    branch: Arc<Branch>,
) -> ChildSpec {
    let (admission, runtime) = (Arc::clone(admission), runtime.clone());
    let shared = Arc::clone(&branch);
    ChildSpec::branch("admission", branch, move || SupervisorArgs {
        branch: Arc::clone(&shared),
        children: vec![
            registry(&admission),
            verifier(&admission),
            last_use(&admission, &runtime),
        ],
        budget: RestartBudget::default(),
        clock: admission.env.clock.clone(),
    })
}

fn registry(admission: &Arc<Admission>) -> ChildSpec {
    let (mailbox, listed, made) = (
        admission.registry.clone(),
        Arc::clone(admission),
        Arc::clone(admission),
    );
    let vital = Vital::new("registry".to_owned(), "Registry", move || mailbox.waiting())
        .above_dynamic(move || tenants(&listed));
    ChildSpec::new(vital, &admission.registry, move || {
        let args = RegistryArgs {
            admission: Arc::clone(&made),
            me: made.registry.clone(),
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

fn last_use(admission: &Arc<Admission>, runtime: &Handle) -> ChildSpec {
    let keys = Arc::clone(&admission.keys);
    let handle = keys.usage.clone();
    ChildSpec::worker_on(runtime, "last_use", "LastUse", &handle, move || {
        let args = LastUseArgs {
            env: Arc::clone(&keys.env),
            me: keys.usage.clone(),
        };
        (LastUse, args)
    })
}

fn tenants(admission: &Admission) -> Vec<ActorView> {
    let slots = admission.tenants.all();
    let shown = slots.iter().take(MAX_SHOWN_TENANTS);
    shown
        .map(|slot| ActorView {
            name: slot.creditor.to_string(),
            kind: "Tenant".to_owned(),
            restarts: 0,
            mailbox: slot.address.waiting(),
            state: if slot.address.waiting().is_some() {
                "running"
            } else {
                "idle"
            }
            .to_owned(),
            children: Vec::new(),
        })
        .collect()
}
