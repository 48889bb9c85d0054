//! A one-for-one supervisor of a fixed set of children, with a restart budget and backoff.

use std::sync::Arc;
use std::time::Duration;

use ractor::{ActorId, ActorProcessingErr, SupervisionEvent};

use super::actor::Actor;
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

/// Restarts each of its children independently of the others.
pub(crate) struct Supervisor {
    me: ActorHandle<SupervisorMsg>,
    status: Arc<SupervisorStatus>,
    children: Vec<Child>,
    budget: RestartBudget,
    clock: Clock,
}

struct Child {
    spec: ChildSpec,
    running: Option<ActorId>,
    history: RestartHistory,
}

impl Actor for Supervisor {
    type Msg = SupervisorMsg;

    async fn pre_start(&mut self) -> Result<(), ActorProcessingErr> {
        let statuses = self.children.iter();
        let statuses = statuses.map(|child| Arc::clone(&child.spec.status));
        self.status.list(statuses.collect());
        let me = self.me.cell()?;
        for child in &mut self.children {
            // The first start is not retried, so that a configuration error fails the start of the process at once.
            child.running = Some(child.spec.start(me.clone()).await?.get_id());
        }
        Ok(())
    }

    async fn handle(&mut self, message: SupervisorMsg) -> Result<(), ActorProcessingErr> {
        match message {
            SupervisorMsg::Restart { child } => self.restart_child(child).await,
        }
    }

    fn handle_supervisor_evt(&mut self, event: SupervisionEvent) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorFailed(cell, error) => {
                tracing::error!(actor = self.name_of(cell.get_id()), %error, "an actor failed");
                self.child_gone(cell.get_id())
            }
            SupervisionEvent::ActorTerminated(cell, _, reason) => {
                tracing::debug!(
                    actor = self.name_of(cell.get_id()),
                    reason,
                    "an actor stopped"
                );
                self.child_gone(cell.get_id())
            }
            _ => Ok(()),
        }
    }
}

impl Supervisor {
    pub(crate) fn new(
        me: ActorHandle<SupervisorMsg>,
        status: Arc<SupervisorStatus>,
        children: Vec<ChildSpec>,
        budget: RestartBudget,
        clock: Clock,
    ) -> Self {
        let child = |spec| Child {
            spec,
            running: None,
            history: RestartHistory::default(),
        };
        Self {
            me,
            status,
            children: children.into_iter().map(child).collect(),
            budget,
            clock,
        }
    }

    fn name_of(&self, actor: ActorId) -> Option<&str> {
        let index = self.index_of(actor)?;
        Some(self.children[index].spec.status.name())
    }

    fn index_of(&self, actor: ActorId) -> Option<usize> {
        let running = Some(actor);
        self.children
            .iter()
            .position(|child| child.running == running)
    }

    /// Restarts the child at `index` after its backoff. A failed start counts as a crash.
    ///
    /// A timer that an earlier incarnation of this supervisor started may fire as well. It has no effect if the child
    /// is running or the index does not exist.
    async fn restart_child(&mut self, index: usize) -> Result<(), ActorProcessingErr> {
        let draining = self.status.is_draining();
        let due = self.children.get_mut(index);
        let Some(child) = due.filter(|child| child.running.is_none() && !draining) else {
            return Ok(());
        };
        child.spec.status.count_restart();
        match child.spec.start(self.me.cell()?).await {
            Ok(cell) => {
                child.running = Some(cell.get_id());
                Ok(())
            }
            Err(error) => {
                tracing::error!(actor = child.spec.status.name(), %error, "an actor did not start");
                self.schedule_restart(index)
            }
        }
    }

    /// Handles the end of a child: schedules its restart, or fails when the budget is used up.
    fn child_gone(&mut self, id: ActorId) -> Result<(), ActorProcessingErr> {
        let Some(index) = self.index_of(id) else {
            return Ok(());
        };
        let child = &mut self.children[index];
        child.running = None;
        child.spec.gone(id);
        if self.status.is_draining() {
            return Ok(());
        }
        self.schedule_restart(index)
    }

    fn schedule_restart(&mut self, index: usize) -> Result<(), ActorProcessingErr> {
        let now_ms = self.clock.mono_ms();
        let child = &mut self.children[index];
        match child.history.record(now_ms, &self.budget) {
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

impl ChildSpec {
    /// A child that is itself a supervisor. `children` returns its children at every start.
    pub(crate) fn supervisor(
        name: &str,
        status: Arc<SupervisorStatus>,
        clock: &Clock,
        children: impl Fn() -> Vec<Self> + Send + Sync + 'static,
    ) -> Self {
        let handle = ActorHandle::new();
        let (me, clock, below) = (handle.clone(), clock.clone(), Arc::clone(&status));
        let shown = ChildStatus::new(name, "Supervisor", &handle);
        let shown = shown.with_children(move || below.view());
        Self::new(shown, &handle, move || {
            let (me, status, clock) = (me.clone(), Arc::clone(&status), clock.clone());
            Supervisor::new(me, status, children(), RestartBudget::default(), clock)
        })
    }
}
