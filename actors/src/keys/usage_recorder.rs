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
use crate::supervision::{Address, Chain};

/// How often they are written.
const WRITE_EVERY: Duration = Duration::from_secs(5);

/// Messages of [`LastUse`].
#[derive(Debug)]
pub(crate) enum LastUseMsg {
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

/// What [`LastUse`] starts with.
pub(crate) struct LastUseArgs {
    pub(crate) env: Arc<Env>,
    pub(crate) me: Address<LastUseMsg>,
}

/// What [`LastUse`] holds.
pub(crate) struct LastUseState {
    env: Arc<Env>,
    me: Address<LastUseMsg>,
    uses: HashMap<KeyId, api_key_use::Model>,
    /// Keys whose use this process has met before.
    met: HashSet<KeyId>,
    /// One of them was met while a write was under way.
    in_a_hurry: bool,
    writing: Chain,
    /// Asked for while a write was under way.
    waiting: Vec<RpcReplyPort<()>>,
}

/// Collects the last uses of keys.
pub(crate) struct LastUse;

impl Actor for LastUse {
    type Msg = LastUseMsg;
    type State = LastUseState;
    type Arguments = LastUseArgs;

    async fn pre_start(
        &self,
        _myself: ActorRef<Self::Msg>,
        args: Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        let mut writing = Chain::default();
        writing.again(args.me.send_after(WRITE_EVERY, LastUseMsg::Tick));
        Ok(LastUseState {
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
            LastUseMsg::Used {
                key,
                at_ms,
                address,
            } => state.used(api_key_use::Model {
                key_id: key,
                last_used_ms: at_ms,
                address: address.to_string(),
            }),
            LastUseMsg::Tick => state.write(),
            LastUseMsg::Write { reply } => {
                state.waiting.push(reply);
                state.write();
            }
            LastUseMsg::Wrote { failed, replies } => state.wrote(failed, replies),
            #[cfg(feature = "fault-injection")]
            #[allow(clippy::panic)]
            LastUseMsg::Panic => panic!("injected into LastUse"),
        }
        Ok(())
    }
}

impl LastUseState {
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
        if !self.writing.begin() {
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
            let _ = me.send(LastUseMsg::Wrote { failed, replies });
        });
    }

    fn wrote(&mut self, failed: Vec<api_key_use::Model>, replies: Vec<RpcReplyPort<()>>) {
        failed.into_iter().for_each(|noted| self.note(noted));
        for reply in replies {
            let _ = reply.send(());
        }
        self.writing
            .again(self.me.send_after(WRITE_EVERY, LastUseMsg::Tick));
        if self.in_a_hurry || !self.waiting.is_empty() {
            self.write();
        }
    }
}
