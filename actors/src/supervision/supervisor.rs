//! A one-for-one supervisor of a fixed set of children, with a restart budget and backoff.

use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorId, ActorProcessingErr, ActorRef, SupervisionEvent};

use super::actor_handle::ActorHandle;
use super::child_spec::ChildSpec;
use super::status::{ChildStatus, SupervisorStatus};
use crate::domain::restart_budget::{RestartBudget, RestartDecision, RestartHistory};
use crate::infra::Clock;

/// Messages of a [`Supervisor`].
#[derive(Debug)]
pub(crate) enum SupervisorMsg {
    /// Restart a child. Sent when the backoff after a failure has elapsed.
    Restart {
        /// The index of the child in the supervisor's list.
        child: usize,
    },
}

/// The arguments of a [`Supervisor`].
pub(crate) struct SupervisorArgs {
    pub(crate) status: Arc<SupervisorStatus>,
    pub(crate) children: Vec<ChildSpec>,
    pub(crate) budget: RestartBudget,
    pub(crate) clock: Clock,
}

pub(crate) struct SupervisorState {
    status: Arc<SupervisorStatus>,
    children: Vec<Child>,
    budget: RestartBudget,
    clock: Clock,
}

impl SupervisorState {
    fn name_of(&self, actor: ActorId) -> Option<&str> {
        let child = self
            .children
            .iter()
            .find(|child| child.running == Some(actor));
        child.map(|child| child.spec.status.name())
    }
}

struct Child {
    spec: ChildSpec,
    running: Option<ActorId>,
    history: RestartHistory,
}

/// Restarts each of its children independently of the others.
pub(crate) struct Supervisor {
    me: ActorHandle<SupervisorMsg>,
}

impl Supervisor {
    pub(crate) fn at(me: ActorHandle<SupervisorMsg>) -> Self {
        Self { me }
    }

    /// Starts the child at `index`. A failed start counts as a crash.
    async fn start_child(
        &self,
        myself: &ActorRef<SupervisorMsg>,
        state: &mut SupervisorState,
        index: usize,
    ) -> Result<(), ActorProcessingErr> {
        let child = &mut state.children[index];
        match child.spec.start(myself.get_cell()).await {
            Ok(cell) => {
                child.running = Some(cell.get_id());
                Ok(())
            }
            Err(error) => {
                tracing::error!(actor = child.spec.status.name(), %error, "an actor did not start");
                self.schedule_restart(state, index)
            }
        }
    }

    /// Restarts the child at `index` after its backoff.
    ///
    /// A timer that an earlier incarnation of this supervisor started may fire as well. It has no effect if the child
    /// is running or the index does not exist.
    async fn restart_child(
        &self,
        myself: &ActorRef<SupervisorMsg>,
        state: &mut SupervisorState,
        index: usize,
    ) -> Result<(), ActorProcessingErr> {
        let due = state
            .children
            .get(index)
            .is_some_and(|child| child.running.is_none());
        if !due || state.status.is_draining() {
            return Ok(());
        }
        state.children[index].spec.status.count_restart();
        self.start_child(myself, state, index).await
    }

    /// Handles the end of a child: schedules its restart, or fails when the budget is used up.
    fn child_gone(
        &self,
        state: &mut SupervisorState,
        id: ActorId,
    ) -> Result<(), ActorProcessingErr> {
        let Some(index) = state
            .children
            .iter()
            .position(|child| child.running == Some(id))
        else {
            return Ok(());
        };
        let child = &mut state.children[index];
        child.running = None;
        child.spec.gone(id);
        if state.status.is_draining() {
            return Ok(());
        }
        self.schedule_restart(state, index)
    }

    fn schedule_restart(
        &self,
        state: &mut SupervisorState,
        index: usize,
    ) -> Result<(), ActorProcessingErr> {
        let now_ms = state.clock.now_ms();
        let child = &mut state.children[index];
        match child.history.record(now_ms, &state.budget) {
            RestartDecision::RestartAfter { ms } => {
                let delay = Duration::from_millis(u64::try_from(ms).unwrap_or_default());
                self.me
                    .send_after(delay, SupervisorMsg::Restart { child: index });
                Ok(())
            }
            RestartDecision::GiveUp => {
                let actor = child.spec.status.name();
                tracing::error!(
                    actor,
                    "an actor used up its restart budget; its supervisor fails"
                );
                Err(format!("{actor} used up its restart budget").into())
            }
        }
    }
}

impl Actor for Supervisor {
    type Msg = SupervisorMsg;
    type State = SupervisorState;
    type Arguments = SupervisorArgs;

    async fn pre_start(
        &self,
        myself: ActorRef<Self::Msg>,
        args: Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        args.status.list(
            args.children
                .iter()
                .map(|spec| Arc::clone(&spec.status))
                .collect(),
        );
        let mut children = Vec::with_capacity(args.children.len());
        for spec in args.children {
            // The first start is not retried, so that a configuration error fails the start of the process at once.
            let running = Some(spec.start(myself.get_cell()).await?.get_id());
            children.push(Child {
                spec,
                running,
                history: RestartHistory::default(),
            });
        }
        Ok(SupervisorState {
            status: args.status,
            children,
            budget: args.budget,
            clock: args.clock,
        })
    }

    async fn handle(
        &self,
        myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            SupervisorMsg::Restart { child } => self.restart_child(&myself, state, child).await,
        }
    }

    async fn handle_supervisor_evt(
        &self,
        _myself: ActorRef<Self::Msg>,
        event: SupervisionEvent,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorFailed(cell, error) => {
                tracing::error!(actor = state.name_of(cell.get_id()), %error, "an actor failed");
                self.child_gone(state, cell.get_id())
            }
            SupervisionEvent::ActorTerminated(cell, _, reason) => {
                tracing::debug!(
                    actor = state.name_of(cell.get_id()),
                    reason,
                    "an actor stopped"
                );
                self.child_gone(state, cell.get_id())
            }
            _ => Ok(()),
        }
    }
}

impl ChildSpec {
    /// A child that is itself a supervisor. `make` returns its arguments at every start.
    pub(crate) fn supervisor(
        name: &str,
        status: Arc<SupervisorStatus>,
        make: impl Fn() -> SupervisorArgs + Send + Sync + 'static,
    ) -> Self {
        let handle: ActorHandle<SupervisorMsg> = ActorHandle::new();
        let mailbox = handle.clone();
        let status = ChildStatus::new(name.to_owned(), "Supervisor", move || mailbox.mailbox_len())
            .with_children(status);
        let me = handle.clone();
        Self::new(status, &handle, move || {
            (Supervisor::at(me.clone()), make())
        })
    }
}
