//! `partner-api demo`: the whole main job, played for a person who watches.
//!
//! Starts the server in this process and a receiver of its own, and then talks to the server as a
//! creditor, three providers and support would: through the public HTTP surface alone. Every step
//! is shown and checked; the exit code is 0 only if every check held.
//!
//! ```text
//!  mod        the story, top to bottom
//!  chapters/  what happens in each of them
//!  stage      what every chapter needs
//!  client     HTTP, told as it happens       receiver   the creditor's server, down and up
//!  providers  signed provider events         signature  how a receiver verifies
//!  call       a request                      answer     what came back
//!  narrator   all that is printed            failure    expected, came; waiting
//!  server     the one file that knows the front
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
mod signature;
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
use context::Stage;
use failure::Failure;
use narrator::Narrator;
use request::Caller;
use server::{DemoServer, ServerKeys};
use workspace::Workspace;

/// The story takes less than half of this; whoever waits longer waits in vain.
const DEADLINE: Duration = Duration::from_secs(60);

/// How the demo is played.
#[derive(Debug, Default)]
pub struct DemoOptions {
    /// Leave the server running at the end, until Ctrl-C.
    pub keep: bool,
    /// `DATABASE_URL`: a Postgres database is played on, in whatever state it is. Without one the
    /// demo makes a fresh SQLite file, and never touches another.
    pub database_url: Option<SecretString>,
    /// `PARTNER_API_MASTER_KEY`, if the database has other nodes; else a fresh one.
    pub master_key: Option<SecretString>,
}

impl DemoOptions {
    fn postgres(&self) -> Option<&SecretString> {
        self.database_url
            .as_ref()
            .filter(|url| url.expose_secret().starts_with("postgres"))
    }
}

/// Plays the demo: success only if every step held.
pub async fn run(options: &DemoOptions) -> ExitCode {
    let narrator = Narrator::on_stdout();
    let took = play(options, &narrator).await.unwrap_or_else(|failure| {
        narrator.failed(&failure);
        narrator.elapsed()
    });
    let seconds = took.as_secs_f64();
    if narrator.has_failed() {
        narrator.verdict(false, &format!("The demo failed after {seconds:.1} s."));
        return ExitCode::FAILURE;
    }
    let checks = narrator.checks();
    narrator.verdict(
        true,
        &format!("All {checks} checks held, in {seconds:.1} s."),
    );
    ExitCode::SUCCESS
}

/// Answers with how long the story took, whether or not it held.
async fn play(options: &DemoOptions, narrator: &Narrator) -> Result<Duration, Failure> {
    for secret in [&options.database_url, &options.master_key]
        .into_iter()
        .flatten()
    {
        narrator.hide(secret.expose_secret());
    }
    let deadline = Instant::now() + DEADLINE;
    let workspace = Workspace::create()?;
    let keys = ServerKeys::draw();
    let start = DemoServer::start(workspace.path(), options, &keys);
    let server = guarded(narrator, deadline, start).await?;
    let stage = Stage::set(&server, keys, narrator)?;
    opening(&stage, options);
    let told = guarded(narrator, deadline, story(&stage)).await;
    let took = narrator.elapsed();
    if let Err(failure) = &told {
        narrator.failed(failure);
    }
    if options.keep {
        shutdown::keep_running(&stage, &workspace, told.as_ref().ok()).await?;
    }
    shutdown::stop(&stage, server).await?;
    Ok(took)
}

fn opening(stage: &Stage, options: &DemoOptions) {
    let database = match options.postgres() {
        Some(_) => "the Postgres database of DATABASE_URL",
        None => "a fresh SQLite database",
    };
    stage
        .narrator
        .title("partner-api demo: from sign-up to a replaced key");
    stage.narrator.row(&format!(
        "Server    {} on {database}",
        stage.client.base_url()
    ));
    stage.narrator.row(&format!(
        "Receiver  {} (down for now)",
        stage.receiver.url()
    ));
}

/// Who the story was about, for whoever wants to look around afterwards.
struct Cast {
    account: Account,
    key: Caller,
}

/// The main job, from nothing to a key replaced with nothing missed.
async fn story(stage: &Stage) -> Result<Cast, Failure> {
    let account = onboarding::sign_up(stage).await?;
    onboarding::company_details(stage, &account).await?;
    webhook::point_at_the_receiver(stage, &account).await?;
    provider_events::arrive(stage, &account).await?;
    let first_key = onboarding::reveal_once(stage, &account).await?;
    placements::place(stage, &first_key).await?;
    statuses::change(stage, &first_key).await?;
    let caught_up = webhook::receiver_comes_up(stage, &first_key).await?;
    let (key, all) = leaked_key::rotate(stage, &account, &first_key, &caught_up).await?;
    shutdown::summary(stage, &account, &all);
    Ok(Cast { account, key })
}

/// A step that may neither hang nor take the program with it when it panics.
async fn guarded<T>(
    narrator: &Narrator,
    deadline: Instant,
    step: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let step = timeout_at(deadline, AssertUnwindSafe(step).catch_unwind());
    let came = tokio::select! {
        () = shutdown::interrupted() => "Ctrl-C".to_owned(),
        finished = step => match finished {
            Ok(Ok(outcome)) => return outcome,
            Ok(Err(panic)) => format!("a panic: {}", message_of(&*panic)),
            Err(_) => format!("it is still running after {} s", DEADLINE.as_secs()),
        },
    };
    let what = format!("the demo stopped {}", narrator.position());
    Err(Failure::new(what, "to reach its end", came))
}

fn message_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn failing(
        step: impl Future<Output = Result<(), Failure>>,
        patience: Duration,
    ) -> Failure {
        let narrator = Narrator::on_stdout();
        guarded(&narrator, Instant::now() + patience, step)
            .await
            .unwrap_err()
    }

    #[tokio::test]
    async fn a_panic_is_a_failure() {
        let failure = failing(async { panic!("a {}", "bug") }, DEADLINE).await;
        assert_eq!(failure.came, "a panic: a bug");
    }

    #[tokio::test]
    async fn the_deadline_is_a_failure() {
        let failure = failing(std::future::pending(), Duration::ZERO).await;
        assert!(
            failure.came.starts_with("it is still running"),
            "{failure:?}"
        );
        assert!(
            failure.what.contains("before the first chapter"),
            "{failure:?}"
        );
    }

    #[test]
    fn only_postgres_is_played_on() {
        let on = |url: &str| DemoOptions {
            database_url: Some(url.into()),
            ..DemoOptions::default()
        };
        assert!(on("postgres://u@h/d").postgres().is_some());
        assert!(on("postgresql://u@h/d").postgres().is_some());
        assert!(on("sqlite://partner-api.db").postgres().is_none());
    }
}
