//! The three onboarding gates that must pass before the first API key is issued, and the provider
//! facts that decide them.
//!
//! Facts arrive late, repeated and out of order, and one provider's timestamps have whole seconds.
//! A gate therefore keeps a [`FactState`] instead of the last event: the newest timestamp and the
//! set of observations at exactly that timestamp. Merging is a join-semilattice: the greater
//! timestamp wins, and equal timestamps unite their sets. It is commutative, associative and
//! idempotent, so the same events in any order, with any repetitions, end in the same state.
//!
//! Owns gates and facts. Never stores them and never issues a key: [`should_issue`] only decides.

use strum::{EnumString, IntoStaticStr, VariantArray};

/// A condition for issuing the first API key.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum Gate {
    /// The know-your-business review is complete (Middesk).
    KybVerified,
    /// Payouts are enabled on the connected account (Stripe).
    PayoutsEnabled,
    /// A Master Services Agreement is on file (DocuSign, or accepted in the wizard).
    MsaOnFile,
}

names!(Gate);

/// What one provider event states about its gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactValue {
    /// The condition does not hold, or no longer: a review in progress, payouts disabled.
    Open,
    /// The condition holds.
    Passed,
    /// The review failed (KYB only).
    Refused,
}

impl FactValue {
    /// Every value.
    pub const ALL: [Self; 3] = [Self::Open, Self::Passed, Self::Refused];

    /// One of two adjacent bits of [`FactState::seen`]: the low bit without `names_previous`, the
    /// high bit with it.
    const fn bit(self, names_previous: bool) -> u8 {
        let pair = match self {
            Self::Open => 0b01,
            Self::Passed => 0b01 << 2,
            Self::Refused => 0b01 << 4,
        };
        if names_previous { pair << 1 } else { pair }
    }
}

/// The bits of [`FactState::seen`] for events that named the field in `previous_attributes`.
const NAMED: u8 = 0b10_10_10;

/// One observation of a gate by its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fact {
    /// The provider's timestamp, in Unix epoch milliseconds.
    pub at_ms: i64,
    /// The observed value.
    pub value: FactValue,
    /// Whether the event's `previous_attributes` names the field. Such an event reports the change
    /// itself, so it is the later one of two events with the same timestamp.
    pub names_previous: bool,
}

impl Fact {
    /// Creates the fact with which support corrects a gate. Its timestamp is later than everything
    /// on record, even if a provider's clock is ahead.
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

/// The merged facts of one gate. Both numbers are stored unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FactState {
    /// The newest timestamp seen, in Unix epoch milliseconds of the provider's clock.
    pub at_ms: i64,
    /// The observations at exactly that timestamp: one bit per (value, `names_previous`).
    pub seen: u8,
}

/// The effect of merging a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The fact is the first or the latest one, and replaced the state.
    Newer,
    /// The fact has the same timestamp and a new observation, which was added.
    Merged,
    /// The state already contains the fact.
    Duplicate,
    /// The fact is older than the state, and was ignored.
    Stale,
}

/// The conclusion from a gate's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateReading {
    /// The gate has exactly one value.
    Confirmed(FactValue),
    /// Events with the same timestamp contradict each other. Support sees this and can correct it.
    Unconfirmed,
}

impl FactState {
    /// Merges a fact into the known state. `None` means that no fact is known yet.
    #[must_use]
    pub fn merge(known: Option<Self>, fact: &Fact) -> (Self, Applied) {
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

    /// Evaluates the state. Events that name the previous value outrank the others. If the
    /// outranking events agree on one value, that value is confirmed.
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

/// One gate as the API shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateView {
    /// The gate.
    pub gate: Gate,
    /// Whether the gate is confirmed as passed.
    pub passed: bool,
    /// Whether contradicting events with the same timestamp left the gate undecided.
    pub unconfirmed: bool,
}

/// The states of all three gates of one creditor. `None` means that no fact has arrived.
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
    /// Returns the state of one gate.
    #[must_use]
    pub const fn state(&self, gate: Gate) -> Option<FactState> {
        match gate {
            Gate::KybVerified => self.kyb,
            Gate::PayoutsEnabled => self.payouts,
            Gate::MsaOnFile => self.msa,
        }
    }

    /// Returns the gates with one state replaced.
    #[must_use]
    pub const fn with(mut self, gate: Gate, state: FactState) -> Self {
        match gate {
            Gate::KybVerified => self.kyb = Some(state),
            Gate::PayoutsEnabled => self.payouts = Some(state),
            Gate::MsaOnFile => self.msa = Some(state),
        }
        self
    }

    /// Whether a gate is confirmed as passed.
    #[must_use]
    pub fn passed(&self, gate: Gate) -> bool {
        self.reading(gate) == Some(GateReading::Confirmed(FactValue::Passed))
    }

    /// Whether contradicting events left a gate undecided.
    #[must_use]
    pub fn unconfirmed(&self, gate: Gate) -> bool {
        self.reading(gate) == Some(GateReading::Unconfirmed)
    }

    /// The gates that have not passed, in the order of the wizard.
    #[must_use]
    pub fn pending(&self) -> Vec<Gate> {
        Gate::ALL
            .into_iter()
            .filter(|gate| !self.passed(*gate))
            .collect()
    }

    /// Whether all three gates have passed.
    #[must_use]
    pub fn all_passed(&self) -> bool {
        Gate::ALL.into_iter().all(|gate| self.passed(gate))
    }

    /// All three gates as the API shows them, in the order of the wizard.
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

/// Whether the API key is issued automatically now: all gates have passed, the account is not
/// suspended, no key was ever issued, and no revocation has reserved issuing to support. A gate that
/// passes again therefore never issues a second key.
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
