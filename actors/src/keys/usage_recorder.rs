//! The key usage recorder: collects when and from which address keys were last used, and writes that in batches.
//!
//! A tenant's state reports each key at most once a minute, so the collection is bounded by the number of keys in
//! use. The first use of a key is written immediately, because an unused key may be replaced without an overlap.
//! A crash loses at most a few seconds of later uses, which only people read. A stored time never moves backwards.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use entities::api_key_use;
use entities::ids::KeyId;
use entities::queries::keys;
use ractor::{ActorProcessingErr, RpcReplyPort};

use crate::infra::Env;
use crate::supervision::{Actor, ActorHandle, PeriodicTask, spawn_and_notify};

/// Interval between two writes.
const WRITE_INTERVAL: Duration = Duration::from_secs(5);

/// Messages of [`KeyUsageRecorder`].
#[derive(Debug)]
pub(crate) enum KeyUsageMsg {
    /// A key was used.
    Used {
        key: KeyId,
        at_ms: i64,
        address: IpAddr,
    },
    /// Writes the collected usage. The actor sends it to itself.
    Tick,
    /// Writes the collected usage now. The reply follows when the write has succeeded or failed.
    Write { reply: RpcReplyPort<()> },
    /// The result of a write. `failed` holds the entries that were not written.
    WriteFinished {
        failed: Vec<api_key_use::Model>,
        replies: Vec<RpcReplyPort<()>>,
    },
}

/// The actor that records key usage. It never decides on a request.
pub(crate) struct KeyUsageRecorder {
    env: Arc<Env>,
    me: ActorHandle<KeyUsageMsg>,
    uses: HashMap<KeyId, api_key_use::Model>,
    /// Keys whose use this process has already seen.
    seen_keys: HashSet<KeyId>,
    /// A new key was used while a write was in progress, so another write follows immediately.
    write_again: bool,
    writing: PeriodicTask<KeyUsageMsg>,
    /// Callers of [`KeyUsageMsg::Write`] that wait for the next write.
    pending_replies: Vec<RpcReplyPort<()>>,
}

impl Actor for KeyUsageRecorder {
    type Msg = KeyUsageMsg;

    async fn pre_start(&mut self) -> Result<(), ActorProcessingErr> {
        self.writing.reschedule(WRITE_INTERVAL, KeyUsageMsg::Tick);
        Ok(())
    }

    async fn handle(&mut self, message: KeyUsageMsg) -> Result<(), ActorProcessingErr> {
        match message {
            KeyUsageMsg::Used {
                key,
                at_ms,
                address,
            } => self.used(api_key_use::Model {
                key_id: key,
                last_used_ms: at_ms,
                address: address.to_string(),
            }),
            KeyUsageMsg::Tick => self.write(),
            KeyUsageMsg::Write { reply } => {
                self.pending_replies.push(reply);
                self.write();
            }
            KeyUsageMsg::WriteFinished { failed, replies } => self.wrote(failed, replies),
        }
        Ok(())
    }
}

impl KeyUsageRecorder {
    pub(crate) fn new(env: Arc<Env>, me: &ActorHandle<KeyUsageMsg>) -> Self {
        Self {
            env,
            me: me.clone(),
            uses: HashMap::new(),
            seen_keys: HashSet::new(),
            write_again: false,
            writing: PeriodicTask::new(me),
            pending_replies: Vec::new(),
        }
    }

    fn used(&mut self, usage: api_key_use::Model) {
        let is_new = self.seen_keys.insert(usage.key_id);
        self.merge(usage);
        if is_new {
            self.write_again = true;
            self.write();
        }
    }

    /// Keeps the later one of two uses of a key.
    fn merge(&mut self, usage: api_key_use::Model) {
        let known = self.uses.get(&usage.key_id);
        if known.is_none_or(|known| known.last_used_ms < usage.last_used_ms) {
            self.uses.insert(usage.key_id, usage);
        }
    }

    /// Writes the collected usage in a task, so that the mailbox does not wait for the database.
    fn write(&mut self) {
        if !self.writing.try_start() {
            return;
        }
        self.write_again = false;
        let uses: Vec<_> = std::mem::take(&mut self.uses).into_values().collect();
        let replies = std::mem::take(&mut self.pending_replies);
        let env = Arc::clone(&self.env);
        let died = KeyUsageMsg::WriteFinished {
            failed: Vec::new(),
            replies: Vec::new(),
        };
        spawn_and_notify(&self.me, died, async move {
            let failed = match keys::upsert_key_uses(env.db.writer(), uses.clone()).await {
                Ok(()) => Vec::new(),
                Err(error) => {
                    tracing::warn!(%error, "key usage was not written; retrying");
                    uses
                }
            };
            KeyUsageMsg::WriteFinished { failed, replies }
        });
    }

    fn wrote(&mut self, failed: Vec<api_key_use::Model>, replies: Vec<RpcReplyPort<()>>) {
        failed.into_iter().for_each(|usage| self.merge(usage));
        for reply in replies {
            let _ = reply.send(());
        }
        self.writing.reschedule(WRITE_INTERVAL, KeyUsageMsg::Tick);
        if self.write_again || !self.pending_replies.is_empty() {
            self.write();
        }
    }
}
