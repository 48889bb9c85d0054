//! Tests of restarts in paused time, with a child that panics on request.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ractor::{ActorProcessingErr, RpcReplyPort};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::actor::{Actor, spawn_actor};
use super::actor_handle::{ActorHandle, CallError};
use super::child_spec::ChildSpec;
use super::status::SupervisorStatus;
use super::supervisor::{Supervisor, SupervisorMsg};
use crate::domain::restart_budget::RestartBudget;
use crate::infra::Clock;

const BUDGET: RestartBudget = RestartBudget {
    max_restarts: 2,
    within_ms: 60_000,
    backoff_base_ms: 1_000,
    backoff_cap_ms: 8_000,
};

#[derive(Debug)]
enum FragileMsg {
    Panic,
    /// Replies with the number of starts so far.
    Ask {
        reply: RpcReplyPort<u32>,
    },
}

/// Knows how often it was started.
struct Fragile {
    starts: u32,
}

impl Actor for Fragile {
    type Msg = FragileMsg;

    async fn handle(&mut self, message: FragileMsg) -> Result<(), ActorProcessingErr> {
        match message {
            FragileMsg::Panic => panic!("injected by the test"),
            FragileMsg::Ask { reply } => {
                let _ = reply.send(self.starts);
            }
        }
        Ok(())
    }
}

struct Stage {
    child: ActorHandle<FragileMsg>,
    supervisor: ActorHandle<SupervisorMsg>,
    status: Arc<SupervisorStatus>,
    ended: JoinHandle<()>,
}

async fn stage() -> Stage {
    let (child, supervisor) = (ActorHandle::new(), ActorHandle::new());
    let (status, starts) = (
        Arc::new(SupervisorStatus::default()),
        Arc::new(AtomicU32::new(0)),
    );
    let spec = ChildSpec::worker("fragile", "Fragile", &child, move || Fragile {
        starts: starts.fetch_add(1, Ordering::SeqCst) + 1,
    });
    let (me, children, clock) = (supervisor.clone(), vec![spec], Clock::manual(0));
    let actor = Supervisor::new(me, Arc::clone(&status), children, BUDGET, clock);
    let (_, ended) = spawn_actor(actor, &supervisor, None).await.unwrap();
    Stage {
        child,
        supervisor,
        status,
        ended,
    }
}

impl Stage {
    async fn ask(&self) -> Result<u32, CallError> {
        let timeout = Duration::from_millis(1);
        self.child
            .call(timeout, |reply| FragileMsg::Ask { reply })
            .await
    }

    /// Waits, in paused time, until the child reports `times` starts. Returns how long that took.
    async fn until_started(&self, times: u32) -> Duration {
        let began = Instant::now();
        while self.ask().await != Ok(times) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        began.elapsed()
    }
}

#[tokio::test(start_paused = true)]
async fn failed_child_restarts_after_a_doubling_backoff() {
    let stage = stage().await;
    assert_eq!(stage.ask().await, Ok(1));
    for (times, pause_ms) in [(2, 1_000), (3, 2_000)] {
        stage.child.send(FragileMsg::Panic).unwrap();
        let took = stage.until_started(times).await;
        let pause = Duration::from_millis(pause_ms);
        assert!(took >= pause && took < pause * 2, "{took:?}");
    }
    assert_eq!(stage.status.view()[0].restarts, 2);
    assert_eq!(stage.status.view()[0].state, "running");
}

#[tokio::test(start_paused = true)]
async fn supervisor_fails_when_the_restart_budget_is_used_up() {
    let stage = stage().await;
    for times in 1..=3 {
        stage.until_started(times).await;
        stage.child.send(FragileMsg::Panic).unwrap();
    }
    stage.ended.await.unwrap();
    assert_eq!(
        stage.child.mailbox_len(),
        None,
        "no actor is attached any more"
    );
}

#[tokio::test(start_paused = true)]
async fn stale_restart_timer_starts_no_second_child() {
    let stage = stage().await;
    stage
        .supervisor
        .send(SupervisorMsg::Restart { child: 0 })
        .unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(stage.ask().await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn draining_child_is_not_restarted() {
    let stage = stage().await;
    stage.status.drain();
    stage.child.stop("drained");
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(stage.ask().await, Err(CallError::Unavailable));
}
