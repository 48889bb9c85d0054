//! CPU time of the server, the sink, Postgres and the machine.

use super::say;
use super::setup::Setup;
use super::support::cpu;

/// CPU seconds used so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spent {
    server: f64,
    sink: f64,
    postgres: Option<f64>,
    machine: f64,
}

impl Spent {
    pub(crate) async fn so_far(setup: &mut Setup) -> Self {
        Self {
            postgres: postgres(setup).await,
            sink: setup.sink.report().await.cpu_s,
            server: cpu::own_s(),
            machine: cpu::machine_s(),
        }
    }

    /// Prints the CPU time per event since `before`. `callers_s` is the CPU time of the callers' process in seconds.
    pub(crate) fn say_per_event(&self, before: &Self, callers_s: f64, events: f64) {
        let per_event = |name: &str, seconds: f64| {
            say(
                &format!("CPU per event, {name}"),
                seconds * 1e6 / events,
                "us",
            );
        };
        per_event("server process", self.server - before.server);
        match (self.postgres, before.postgres) {
            (Some(after), Some(before)) => per_event("Postgres", after - before),
            _ => println!(
                "  CPU per event, database: part of the server process, or not measurable here"
            ),
        }
        per_event("sink", self.sink - before.sink);
        per_event("callers", callers_s);
        per_event(
            "whole machine, including other programs",
            self.machine - before.machine,
        );
    }
}

async fn postgres(setup: &Setup) -> Option<f64> {
    if !setup.is_postgres() {
        return None;
    }
    let backend = setup.ask("SELECT pg_backend_pid()::bigint AS n").await;
    cpu::postgres_s(backend)
}
