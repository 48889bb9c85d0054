//! Work that runs beside an actor and always ends in a message to it.

use ractor::Message;
use tokio::runtime::Handle;

use super::actor_handle::ActorHandle;

/// Runs `work` on the current runtime and sends its message to `to`. If the work panics or is cancelled, `died` is sent
/// instead, so that an actor never waits for a message that does not come.
pub(crate) fn spawn_and_notify<M: Message>(
    to: &ActorHandle<M>,
    died: M,
    work: impl Future<Output = M> + Send + 'static,
) {
    spawn_and_notify_on(&Handle::current(), to, died, work);
}

/// Like [`spawn_and_notify`], on `runtime`.
pub(crate) fn spawn_and_notify_on<M: Message>(
    runtime: &Handle,
    to: &ActorHandle<M>,
    died: M,
    work: impl Future<Output = M> + Send + 'static,
) {
    let mut report = Report {
        to: to.clone(),
        died: Some(died),
    };
    runtime.spawn(async move {
        let message = work.await;
        report.died = None;
        let _ = report.to.send(message);
    });
}

struct Report<M: Message> {
    to: ActorHandle<M>,
    died: Option<M>,
}

impl<M: Message> Drop for Report<M> {
    fn drop(&mut self) {
        if let Some(died) = self.died.take() {
            if std::thread::panicking() {
                let message_type = std::any::type_name::<M>();
                tracing::error!(message_type, "a task of an actor panicked");
            }
            let _ = self.to.send(died);
        }
    }
}
