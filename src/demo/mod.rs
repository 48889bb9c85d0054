//! `partner-api demo`: runs the main workflow end to end and narrates it on standard output.
//!
//! Starts the server and a webhook receiver in this process. Then acts as a creditor, as three providers and as the
//! support team, and uses only the public HTTP API. Prints and checks every step. The exit code is 0 only if every
//! check passes. Never calls the server's internals.
//!
//! ```text
//!  mod            the order of the chapters, the deadline, the exit code
//!  chapters/      one file per subject
//!  context        what every chapter needs
//!  client         HTTP client that prints what it does    request         a request and its description
//!  providers      signed provider events                  response_check  a response and its assertions
//!  receiver       the creditor's webhook receiver         random          unique names and secrets
//!  narrator       everything that is printed              terminal_text   line wrapping
//!  failure        expected and actual values; polling     workspace       the run's temporary directory
//!  server         the only file that uses the server's own modules
//! ```

mod chapters;
mod client;
mod context;
mod failure;
mod narrator;
mod providers;
mod random;
mod receiver;
mod request;
mod response_check;
mod server;
mod terminal_text;
mod workspace;

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::time::Duration;

use futures::FutureExt;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, timeout_at};

use chapters::onboarding::Account;
use chapters::{leaked_key, onboarding, placements, provider_events, shutdown, statuses, webhook};
use context::DemoContext;
use failure::Failure;
use narrator::Narrator;
use request::Caller;
use server::ServerKeys;
use workspace::Workspace;

/// The time limit of a run. A normal run takes less than half of it.
const DEADLINE: Duration = Duration::from_secs(60);

/// The options of a demo run.
#[derive(Debug, Default)]
pub struct DemoOptions {
    /// Keeps the server running after the last chapter, until Ctrl-C.
    pub keep: bool,
    /// The value of `DATABASE_URL`. A Postgres database is used as it is, in any state. Without a Postgres URL the demo
    /// creates a new SQLite file and never opens an existing one.
    pub database_url: Option<SecretString>,
    /// The value of `PARTNER_API_MASTER_KEY`, which is needed if other nodes use the same database. Without one the
    /// demo generates a key.
    pub master_key: Option<SecretString>,
}

impl DemoOptions {
    fn postgres(&self) -> Option<&SecretString> {
        self.database_url
            .as_ref()
            .filter(|url| url.expose_secret().starts_with("postgres"))
    }
}

/// Runs the demo. Returns success only if every check passes.
pub async fn run(options: &DemoOptions) -> ExitCode {
    let _log = server::log_if_asked();
    let narrator = Narrator::on_stdout();
    let elapsed = run_chapters(options, &narrator)
        .await
        .unwrap_or_else(|failure| {
            narrator.failed(&failure);
            narrator.elapsed()
        });
    let seconds = elapsed.as_secs_f64();
    if narrator.has_failed() {
        narrator.verdict(false, &format!("The demo failed after {seconds:.1} s."));
        return ExitCode::FAILURE;
    }
    let checks = narrator.checks();
    narrator.verdict(
        true,
        &format!("All {checks} checks passed in {seconds:.1} s."),
    );
    ExitCode::SUCCESS
}

/// Runs all chapters and stops the server. Returns how long the chapters took, even if one of them failed.
async fn run_chapters(options: &DemoOptions, narrator: &Narrator) -> Result<Duration, Failure> {
    for secret in [&options.database_url, &options.master_key]
        .into_iter()
        .flatten()
    {
        narrator.hide(secret.expose_secret());
    }
    let deadline = Instant::now() + DEADLINE;
    let workspace = Workspace::create()?;
    let keys = ServerKeys::draw();
    let start = server::start(workspace.path(), options, &keys);
    let server = guarded(narrator, deadline, start).await?;
    let context = DemoContext::set(&server.base_url, keys, narrator)?;
    print_opening(&context, options);
    let outcome = guarded(narrator, deadline, main_workflow(&context)).await;
    let elapsed = narrator.elapsed();
    if let Err(failure) = &outcome {
        narrator.failed(failure);
    }
    if options.keep {
        shutdown::keep_running(&context, &workspace, outcome.as_ref().ok()).await?;
    }
    shutdown::stop(&context, server).await?;
    Ok(elapsed)
}

fn print_opening(context: &DemoContext, options: &DemoOptions) {
    let database = match options.postgres() {
        Some(_) => "the Postgres database of DATABASE_URL",
        None => "a new SQLite database",
    };
    context
        .narrator
        .title("partner-api demo: from sign-up to a replaced key");
    context.narrator.row(&format!(
        "Server    {} on {database}",
        context.client.base_url()
    ));
    context.narrator.row(&format!(
        "Receiver  {} (down until chapter 8)",
        context.receiver.url()
    ));
}

/// The creditor and its current API key. They end up in the access file if the server keeps running.
struct Cast {
    account: Account,
    key: Caller,
}

/// Runs the chapters in order, from sign-up to the replacement of a leaked key.
async fn main_workflow(context: &DemoContext) -> Result<Cast, Failure> {
    let account = onboarding::sign_up(context).await?;
    onboarding::company_details(context, &account).await?;
    webhook::point_at_the_receiver(context, &account).await?;
    provider_events::arrive(context, &account).await?;
    let first_key = onboarding::reveal_once(context, &account).await?;
    placements::place(context, &first_key).await?;
    statuses::change(context, &first_key).await?;
    let caught_up = webhook::receiver_comes_up(context, &first_key).await?;
    let (key, all) = leaked_key::rotate(context, &account, &first_key, &caught_up).await?;
    shutdown::summary(context, &account, &all);
    Ok(Cast { account, key })
}

/// Runs a step. Ctrl-C, a panic and the deadline become a [`Failure`].
async fn guarded<T>(
    narrator: &Narrator,
    deadline: Instant,
    step: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let step = timeout_at(deadline, AssertUnwindSafe(step).catch_unwind());
    let actual = tokio::select! {
        () = shutdown::interrupted() => "Ctrl-C".to_owned(),
        finished = step => match finished {
            Ok(Ok(outcome)) => return outcome,
            Ok(Err(panic)) => format!("a panic: {}", message_of(&*panic)),
            Err(_) => format!("still running after {} s", DEADLINE.as_secs()),
        },
    };
    let what = format!("the demo stopped {}", narrator.position());
    Err(Failure::new(what, "the demo finishes", actual))
}

fn message_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn failing(step: impl Future<Output = Result<(), Failure>>, limit: Duration) -> Failure {
        let narrator = Narrator::on_stdout();
        guarded(&narrator, Instant::now() + limit, step)
            .await
            .unwrap_err()
    }

    #[tokio::test]
    async fn panic_in_a_step_is_a_failure() {
        let failure = failing(async { panic!("a {}", "bug") }, DEADLINE).await;
        assert_eq!(failure.came, "a panic: a bug");
    }

    #[tokio::test]
    async fn step_past_the_deadline_is_a_failure() {
        let failure = failing(std::future::pending(), Duration::ZERO).await;
        assert!(failure.came.starts_with("still running"), "{failure:?}");
        assert!(
            failure.what.contains("before the first chapter"),
            "{failure:?}"
        );
    }

    #[test]
    fn only_a_postgres_url_is_used() {
        let with_url = |url: &str| DemoOptions {
            database_url: Some(url.into()),
            ..DemoOptions::default()
        };
        assert!(with_url("postgres://u@h/d").postgres().is_some());
        assert!(with_url("postgresql://u@h/d").postgres().is_some());
        assert!(with_url("sqlite://partner-api.db").postgres().is_none());
    }
}
