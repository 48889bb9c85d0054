//! The end of the demo: the summary and the shutdown of the server, which can be left running until Ctrl-C.

use std::future::pending;
use std::time::{Duration, Instant};

use secrecy::ExposeSecret;

use super::onboarding::Account;
use super::received_webhooks::Settled;
use crate::demo::Cast;
use crate::demo::context::DemoContext;
use crate::demo::failure::Failure;
use crate::demo::request::Call;
use crate::demo::terminal_text::count;
use crate::demo::workspace::Workspace;
use crate::server::RunningServer;

/// The time limit for stopping the server, which waits for requests in flight.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// Chapter 10: the numbers of events, attempts and duplicates.
pub(in crate::demo) fn summary(context: &DemoContext, account: &Account, settled: &Settled) {
    context.narrator.chapter("Summary");
    let attempts: usize = settled.attempts.iter().sum();
    context.says(&format!(
        "{} for creditor {}, delivered in {}. All are signed and none is missing.",
        count(settled.events.len(), "event"),
        account.id,
        count(attempts, "attempt"),
    ));
    let repeated = count(context.receiver.duplicates(), "duplicate");
    context.says(&format!(
        "The receiver got {repeated}. It recognises a duplicate by its webhook-id."
    ));
}

/// Keeps the server and the receiver running until Ctrl-C, and writes an access file for the user.
pub(in crate::demo) async fn keep_running(
    context: &DemoContext,
    workspace: &Workspace,
    cast: Option<&Cast>,
) -> Result<(), Failure> {
    let url = context.client.base_url();
    let path = workspace
        .write_private("demo.env", &access(context, cast))
        .map_err(|error| Failure::broken("write the access file", error))?;
    context.narrator.chapter("The server keeps running");
    context.narrator.row(&format!("API        {url}/v1"));
    context
        .narrator
        .row(&format!("Reference  {url}/docs and {url}/openapi.json"));
    context.narrator.row(&format!(
        "Access     {} (only you can read it)",
        path.display()
    ));
    context.says("Ctrl-C stops the server and removes that file.");
    interrupted().await;
    Ok(())
}

/// The contents of the access file: the variables that a shell and the published client read.
fn access(context: &DemoContext, cast: Option<&Cast>) -> String {
    let support = context.keys.support_token.expose_secret();
    let mut lines = vec![
        format!("MC_API_BASE_URL={}", context.client.base_url()),
        format!("PARTNER_API_SUPPORT_TOKEN={support}"),
    ];
    if let Some(Cast { account, key }) = cast {
        lines.push(format!("MC_API_KEY={}", key.token()));
        lines.push(format!("DASHBOARD_EMAIL={}", account.email));
        lines.push(format!(
            "DASHBOARD_PASSWORD={}",
            account.password.expose_secret()
        ));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// Waits for Ctrl-C or SIGTERM. Never returns if no handler can be installed.
pub(in crate::demo) async fn interrupted() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            pending::<()>().await;
        }
    };
    tokio::select! {
        () = interrupt => {}
        () = terminated() => {}
    }
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};

    match signal(SignalKind::terminate()) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    pending().await
}

/// Stops the server and checks that it no longer listens.
pub(in crate::demo) async fn stop(
    context: &DemoContext,
    server: RunningServer,
) -> Result<(), Failure> {
    let started = Instant::now();
    let stopped = tokio::time::timeout(STOP_TIMEOUT, server.stop()).await;
    let elapsed_ms = started.elapsed().as_millis();
    let unreachable = context.client.quietly(Call::get("/health")).await.is_err();
    let what = "the server stops cleanly";
    let expected = format!("no listener within {} s", STOP_TIMEOUT.as_secs());
    let came = format!("finished: {}, no listener: {unreachable}", stopped.is_ok());
    let held = stopped.is_ok() && unreachable;
    context.check(held, &format!("{what} ({elapsed_ms} ms)"), expected, came)
}
