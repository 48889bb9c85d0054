//! The Admission branch of the tree.

use std::sync::Arc;

use super::registry::{Registry, RegistryArgs};
use super::secret_verifier::SecretVerifier;
use crate::app::House;
use crate::contract::ActorView;
use crate::domain::restart_budget::RestartBudget;
use crate::keys::{LastUse, LastUseArgs};
use crate::supervision::{Branch, ChildSpec, SupervisorArgs, Vital};

/// Tenants shown in the listing of the tree: there may be very many.
const SHOWN_TENANTS: usize = 100;

/// Registry (with the tenants below it), SecretVerifier and LastUse.
pub(crate) fn admission_branch(house: &Arc<House>, branch: Arc<Branch>) -> ChildSpec {
    let (house, shared) = (Arc::clone(house), Arc::clone(&branch));
    ChildSpec::branch("admission", branch, move || SupervisorArgs {
        branch: Arc::clone(&shared),
        children: vec![registry(&house), verifier(&house), last_use(&house)],
        budget: RestartBudget::default(),
        clock: house.clock.clone(),
    })
}

fn registry(house: &Arc<House>) -> ChildSpec {
    let (mailbox, listed, made) = (
        house.addresses.registry.clone(),
        Arc::clone(house),
        Arc::clone(house),
    );
    let vital = Vital::new("registry".to_owned(), "Registry", move || mailbox.waiting())
        .above_dynamic(move || tenants(&listed));
    ChildSpec::new(vital, &house.addresses.registry, move || {
        let args = RegistryArgs {
            house: Arc::clone(&made),
            me: made.addresses.registry.clone(),
        };
        (Registry, args)
    })
}

fn verifier(house: &Arc<House>) -> ChildSpec {
    let pool = Arc::clone(&house.key_bcrypt);
    ChildSpec::worker(
        "secret_verifier",
        "SecretVerifier",
        &house.addresses.verifier,
        move || (SecretVerifier, Arc::clone(&pool)),
    )
}

fn last_use(house: &Arc<House>) -> ChildSpec {
    let (address, made) = (house.addresses.last_use.clone(), Arc::clone(house));
    ChildSpec::worker_on(&house.writing, "last_use", "LastUse", &address, move || {
        let args = LastUseArgs {
            house: Arc::clone(&made),
            me: made.addresses.last_use.clone(),
        };
        (LastUse, args)
    })
}

fn tenants(house: &House) -> Vec<ActorView> {
    let slots = house.tenants.all();
    let shown = slots.iter().take(SHOWN_TENANTS);
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
