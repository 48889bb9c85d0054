//! When and from where keys were used last: collected here, written in batches, never going back.
//!
//! Desks tell at most once a minute for each key, so the collection is as large as the number of
//! keys in use. The first use of a key is written at once, because a key that was never used may be
//! replaced without an overlap. Of later ones a crash loses a few seconds of a time for people.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use entities::api_key_use;
use entities::ids::KeyId;
use entities::queries::keys;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};

use crate::infra::Env;
use crate::supervision::{ActorHandle, PeriodicTask};

/// How often they are written.
const WRITE_EVERY: Duration = Duration::from_secs(5);

/// Messages of [`KeyUsageRecorder`].
#[derive(Debug)]
pub(crate) enum KeyUsageMsg {
    /// A key was used.
    Used {
        key: KeyId,
        at_ms: i64,
        address: IpAddr,
    },
    /// Time to write. Sent to itself.
    Tick,
    /// Write now; answered when it is written, or could not be.
    Write { reply: RpcReplyPort<()> },
    /// What was written, or stays to be.
    Wrote {
        failed: Vec<api_key_use::Model>,
        replies: Vec<RpcReplyPort<()>>,
    },
    #[cfg(feature = "fault-injection")]
    Panic,
}

/// What [`KeyUsageRecorder`] starts with.
pub(crate) struct KeyUsageRecorderArgs {
    pub(crate) env: Arc<Env>,
    pub(crate) me: ActorHandle<KeyUsageMsg>,
}

/// What [`KeyUsageRecorder`] holds.
pub(crate) struct KeyUsageRecorderState {
    env: Arc<Env>,
    me: ActorHandle<KeyUsageMsg>,
    uses: HashMap<KeyId, api_key_use::Model>,
    /// Keys whose use this process has met before.
    met: HashSet<KeyId>,
    /// One of them was met while a write was under way.
    in_a_hurry: bool,
    writing: PeriodicTask,
    /// Asked for while a write was under way.
    waiting: Vec<RpcReplyPort<()>>,
}

/// Collects the last uses of keys.
pub(crate) struct KeyUsageRecorder;

impl Actor for KeyUsageRecorder {
    type Msg = KeyUsageMsg;
    type State = KeyUsageRecorderState;
    type Arguments = KeyUsageRecorderArgs;

    async fn pre_start(
        &self,
        _myself: ActorRef<Self::Msg>,
        args: Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        let mut writing = PeriodicTask::default();
        writing.reschedule(args.me.send_after(WRITE_EVERY, KeyUsageMsg::Tick));
        Ok(KeyUsageRecorderState {
            env: args.env,
            me: args.me,
            uses: HashMap::new(),
            met: HashSet::new(),
            in_a_hurry: false,
            writing,
            waiting: Vec::new(),
        })
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            KeyUsageMsg::Used {
                key,
                at_ms,
                address,
            } => state.used(api_key_use::Model {
                key_id: key,
                last_used_ms: at_ms,
                address: address.to_string(),
            }),
            KeyUsageMsg::Tick => state.write(),
            KeyUsageMsg::Write { reply } => {
                state.waiting.push(reply);
                state.write();
            }
            KeyUsageMsg::Wrote { failed, replies } => state.wrote(failed, replies),
            #[cfg(feature = "fault-injection")]
            #[allow(clippy::panic)]
            KeyUsageMsg::Panic => panic!("injected into KeyUsageRecorder"),
        }
        Ok(())
    }
}

impl KeyUsageRecorderState {
    fn used(&mut self, noted: api_key_use::Model) {
        let is_new = self.met.insert(noted.key_id);
        self.note(noted);
        if is_new {
            self.in_a_hurry = true;
            self.write();
        }
    }

    fn note(&mut self, noted: api_key_use::Model) {
        let known = self.uses.get(&noted.key_id);
        if known.is_none_or(|known| known.last_used_ms < noted.last_used_ms) {
            self.uses.insert(noted.key_id, noted);
        }
    }

    /// Writes beside the mailbox what was collected so far.
    fn write(&mut self) {
        if !self.writing.try_start() {
            return;
        }
        self.in_a_hurry = false;
        let uses: Vec<_> = std::mem::take(&mut self.uses).into_values().collect();
        let replies = std::mem::take(&mut self.waiting);
        let (env, me) = (Arc::clone(&self.env), self.me.clone());
        tokio::spawn(async move {
            let failed = match keys::note_uses(env.db.writer(), uses.clone()).await {
                Ok(()) => Vec::new(),
                Err(error) => {
                    tracing::warn!(%error, "the last uses of keys were not written; trying again");
                    uses
                }
            };
            let _ = me.send(KeyUsageMsg::Wrote { failed, replies });
        });
    }

    fn wrote(&mut self, failed: Vec<api_key_use::Model>, replies: Vec<RpcReplyPort<()>>) {
        failed.into_iter().for_each(|noted| self.note(noted));
        for reply in replies {
            let _ = reply.send(());
        }
        self.writing
            .reschedule(self.me.send_after(WRITE_EVERY, KeyUsageMsg::Tick));
        if self.in_a_hurry || !self.waiting.is_empty() {
            self.write();
        }
    }
}
