//! The three gates in front of the first API key, and what the providers' facts say about them.
//!
//! Facts arrive late, twice and out of order, and one provider's clock has whole seconds. So a gate
//! does not keep "the last event" but a [`FactState`]: the newest timestamp, and the set of what
//! was observed at exactly that timestamp. Merging is a join-semilattice (greater timestamp wins,
//! equal timestamps unite their sets), hence commutative, associative and idempotent: any order of
//! the same events, with any repetitions, ends in the same state.
//!
//! Owns gates and facts. Never stores, never mints:
//! [`should_issue`] only answers.

/// A condition for minting the first key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gate {
    /// Know-your-business review complete (Middesk).
    KybVerified,
    /// Payouts enabled on the connected account (Stripe).
    PayoutsEnabled,
    /// A Master Services Agreement is on file (DocuSign, or accepted in the wizard).
    MsaOnFile,
}

impl Gate {
    /// Every gate, in the order in which the wizard shows them.
    pub const ALL: [Self; 3] = [Self::KybVerified, Self::PayoutsEnabled, Self::MsaOnFile];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KybVerified => "kyb_verified",
            Self::PayoutsEnabled => "payouts_enabled",
            Self::MsaOnFile => "msa_on_file",
        }
    }

    /// The gate of that name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|gate| gate.as_str() == name)
    }
}

/// What one provider event says about its gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactValue {
    /// Not passed (yet, or no longer): a review in progress, payouts switched off.
    Open,
    /// The condition holds.
    Passed,
    /// The review ended with a no (KYB only).
    Refused,
}

impl FactValue {
    /// Every value.
    pub const ALL: [Self; 3] = [Self::Open, Self::Passed, Self::Refused];

    /// The two neighbouring bits of [`FactState::seen`]: low without, high with `names_previous`.
    const fn bit(self, names_previous: bool) -> u8 {
        let pair = match self {
            Self::Open => 0b01,
            Self::Passed => 0b01 << 2,
            Self::Refused => 0b01 << 4,
        };
        if names_previous { pair << 1 } else { pair }
    }
}

/// The bits of [`FactState::seen`] whose event named the field in its `previous_attributes`.
const NAMED: u8 = 0b10_10_10;

/// One observation of a gate by its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fact {
    /// The provider's own timestamp, Unix epoch milliseconds.
    pub at_ms: i64,
    /// What it says.
    pub value: FactValue,
    /// Whether the event's `previous_attributes` names the field: then it reports the change
    /// itself, and of two events with the same timestamp it is the later one.
    pub names_previous: bool,
}

impl Fact {
    /// The fact by which support repairs a gate: later than everything on record, whatever the
    /// providers' clocks say.
    #[must_use]
    pub fn by_support(on_record: Option<&FactState>, value: FactValue, now_ms: i64) -> Self {
        let after = on_record.map_or(i64::MIN, |state| state.at_ms.saturating_add(1));
        Self {
            at_ms: now_ms.max(after),
            value,
            names_previous: true,
        }
    }
}

/// What is known of one gate: two numbers, stored as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FactState {
    /// The newest timestamp seen, Unix epoch milliseconds of the provider's clock.
    pub at_ms: i64,
    /// What was observed at exactly that timestamp: one bit per (value, `names_previous`).
    pub seen: u8,
}

/// What merging a fact did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// Later than all before, or the first: it replaced what was known.
    Newer,
    /// The same timestamp with something new to say: it was added.
    Merged,
    /// Nothing new.
    Duplicate,
    /// Older than what is known: ignored.
    Stale,
}

/// What a gate's state amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateReading {
    /// One value, beyond doubt.
    Confirmed(FactValue),
    /// Events of one timestamp contradict each other; support is shown it.
    Unconfirmed,
}

impl FactState {
    /// Merges a fact into what is known (`None`: nothing yet).
    #[must_use]
    pub fn apply(known: Option<Self>, fact: &Fact) -> (Self, Applied) {
        let bit = fact.value.bit(fact.names_previous);
        let fresh = Self {
            at_ms: fact.at_ms,
            seen: bit,
        };
        match known {
            None => (fresh, Applied::Newer),
            Some(known) if fact.at_ms > known.at_ms => (fresh, Applied::Newer),
            Some(known) if fact.at_ms < known.at_ms => (known, Applied::Stale),
            Some(known) if known.seen & bit != 0 => (known, Applied::Duplicate),
            Some(known) => (
                Self {
                    seen: known.seen | bit,
                    ..known
                },
                Applied::Merged,
            ),
        }
    }

    /// Reads the state: events that name the previous value outrank those that do not; one distinct
    /// value among those that count is confirmed.
    #[must_use]
    pub fn reading(&self) -> GateReading {
        let counts = |named: bool| {
            FactValue::ALL
                .into_iter()
                .filter(move |value| self.seen & value.bit(named) != 0)
        };
        let mut values = counts(self.seen & NAMED != 0);
        match (values.next(), values.next()) {
            (Some(value), None) => GateReading::Confirmed(value),
            _ => GateReading::Unconfirmed,
        }
    }
}

/// One gate as people are shown it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateView {
    /// Which gate.
    pub gate: Gate,
    /// Whether it holds, beyond doubt.
    pub passed: bool,
    /// Whether contradicting events of one timestamp left it undecided.
    pub unconfirmed: bool,
}

/// What is known of all three gates of one creditor. `None`: no fact yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gates {
    /// [`Gate::KybVerified`].
    pub kyb: Option<FactState>,
    /// [`Gate::PayoutsEnabled`].
    pub payouts: Option<FactState>,
    /// [`Gate::MsaOnFile`].
    pub msa: Option<FactState>,
}

impl Gates {
    /// What is known of one gate.
    #[must_use]
    pub const fn state(&self, gate: Gate) -> Option<FactState> {
        match gate {
            Gate::KybVerified => self.kyb,
            Gate::PayoutsEnabled => self.payouts,
            Gate::MsaOnFile => self.msa,
        }
    }

    /// The same gates with one state replaced.
    #[must_use]
    pub const fn with(mut self, gate: Gate, state: FactState) -> Self {
        match gate {
            Gate::KybVerified => self.kyb = Some(state),
            Gate::PayoutsEnabled => self.payouts = Some(state),
            Gate::MsaOnFile => self.msa = Some(state),
        }
        self
    }

    /// Whether a gate holds, beyond doubt.
    #[must_use]
    pub fn passed(&self, gate: Gate) -> bool {
        self.reading(gate) == Some(GateReading::Confirmed(FactValue::Passed))
    }

    /// Whether contradicting events left a gate undecided.
    #[must_use]
    pub fn unconfirmed(&self, gate: Gate) -> bool {
        self.reading(gate) == Some(GateReading::Unconfirmed)
    }

    /// The gates that do not hold, in the wizard's order.
    #[must_use]
    pub fn pending(&self) -> Vec<Gate> {
        Gate::ALL
            .into_iter()
            .filter(|gate| !self.passed(*gate))
            .collect()
    }

    /// Whether all three hold.
    #[must_use]
    pub fn all_passed(&self) -> bool {
        Gate::ALL.into_iter().all(|gate| self.passed(gate))
    }

    /// All three as people are shown them, in the wizard's order.
    #[must_use]
    pub fn views(&self) -> [GateView; 3] {
        Gate::ALL.map(|gate| GateView {
            gate,
            passed: self.passed(gate),
            unconfirmed: self.unconfirmed(gate),
        })
    }

    fn reading(&self, gate: Gate) -> Option<GateReading> {
        self.state(gate).map(|state| state.reading())
    }
}

/// Whether the creditor's key is to be issued now, by itself: all gates hold, none was ever issued
/// (a gate that passes again never mints again), the account is not suspended, and support has not
/// reserved minting to itself by a revocation.
#[must_use]
pub fn should_issue(
    gates: &Gates,
    suspended: bool,
    ever_issued: bool,
    only_support_mints: bool,
) -> bool {
    gates.all_passed() && !suspended && !ever_issued && !only_support_mints
}

#[cfg(test)]
#[path = "gates_tests.rs"]
mod tests;
