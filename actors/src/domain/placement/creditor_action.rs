//! The creditor's actions on a placement that need no input.
//!
//! Owns everything that distinguishes one such action from another: its names, when it is possible, what it changes and
//! which earlier action it reverses. To add one, add a variant, its [`ActionRule`], its effect and its route.
//! Everything between the rule and the route treats all of them alike.

use serde::Serialize;
use strum::VariantArray;

use super::super::account::AccountStatus;
use super::refusal::TransitionRejection;
use super::state::Change;
use super::status::PlacementStatus;

/// How long a recall can be undone, in milliseconds: 7 days, inclusive.
pub const RECALL_WINDOW_MS: i64 = 7 * 86_400_000;

/// An action that the creditor requests with nothing but the placement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, VariantArray)]
#[serde(rename_all = "snake_case")]
pub enum CreditorAction {
    /// Takes the placement back. All work on it stops.
    Recall,
    /// Undoes the creditor's own recall, within [`RECALL_WINDOW_MS`].
    Unrecall,
    /// Pauses outreach. No effect if it is paused already.
    Pause,
    /// Resumes outreach. No effect if it is not paused.
    Resume,
}

/// What distinguishes one action from another, apart from its effect.
#[derive(Clone, Copy, Debug)]
pub struct ActionRule {
    /// The last segment of the route, the verb in error messages and the operation of a stored answer.
    pub name: &'static str,
    /// The action in the audit log. An action that keeps the status also sends the event of this name.
    pub audit: &'static str,
    /// The statuses of a placement in which the action is possible.
    pub possible_from: &'static [PlacementStatus],
    /// The statuses of the account that refuse the action: suspended, rejected, both or neither.
    pub refused_by: &'static [AccountStatus],
    /// The action that this one reverses, if any. Its stored answers are stale afterwards and are not replayed.
    pub reverses: Option<CreditorAction>,
}

impl CreditorAction {
    /// Every action.
    pub const ALL: &'static [Self] = <Self as VariantArray>::VARIANTS;

    /// The rule of the action.
    #[must_use]
    pub const fn rule(self) -> ActionRule {
        match self {
            Self::Recall => ActionRule {
                name: "recall",
                audit: "placement.recalled",
                possible_from: &PlacementStatus::OPEN,
                refused_by: &[],
                reverses: Some(Self::Unrecall),
            },
            Self::Unrecall => ActionRule {
                name: "unrecall",
                audit: "placement.unrecalled",
                possible_from: &[PlacementStatus::Recalled],
                refused_by: &[AccountStatus::Suspended, AccountStatus::Rejected],
                reverses: Some(Self::Recall),
            },
            Self::Pause => ActionRule {
                name: "pause",
                audit: "placement.paused",
                possible_from: &PlacementStatus::OPEN,
                refused_by: &[AccountStatus::Rejected],
                reverses: Some(Self::Resume),
            },
            Self::Resume => ActionRule {
                name: "resume",
                audit: "placement.resumed",
                possible_from: &PlacementStatus::OPEN,
                refused_by: &[AccountStatus::Suspended, AccountStatus::Rejected],
                reverses: Some(Self::Pause),
            },
        }
    }

    /// Applies the action at `now_ms` (Unix epoch milliseconds) to `change`, which is the state so far. The caller has
    /// checked the [`ActionRule`].
    pub(super) fn apply(self, change: &mut Change, now_ms: i64) -> Result<(), TransitionRejection> {
        match self {
            Self::Recall => {
                change.recalled_from = Some(change.status);
                change.status = PlacementStatus::Recalled;
                change.recalled_at_ms = Some(now_ms);
                change.recalled_by_creditor = true;
            }
            Self::Unrecall => {
                let origin = change.recalled_from.filter(|status| status.is_open());
                let (true, Some(origin), Some(recalled_at_ms)) =
                    (change.recalled_by_creditor, origin, change.recalled_at_ms)
                else {
                    return Err(TransitionRejection::NotOwnRecall);
                };
                if now_ms.saturating_sub(recalled_at_ms) > RECALL_WINDOW_MS {
                    return Err(TransitionRejection::RecallWindowExpired);
                }
                change.status = origin;
                change.recalled_from = None;
                change.recalled_at_ms = None;
                change.recalled_by_creditor = false;
            }
            Self::Pause => change.paused = true,
            Self::Resume => change.paused = false,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_reversal_is_mutual() {
        for &action in CreditorAction::ALL {
            let rule = action.rule();
            let expressible = [AccountStatus::Suspended, AccountStatus::Rejected];
            assert!(
                rule.refused_by
                    .iter()
                    .all(|status| expressible.contains(status))
            );
            if let Some(reversed) = rule.reverses {
                assert_eq!(reversed.rule().reverses, Some(action), "{action:?}");
            }
            let same_name = |other: &CreditorAction| other.rule().name == rule.name;
            let same_audit = |other: &CreditorAction| other.rule().audit == rule.audit;
            assert_eq!(
                CreditorAction::ALL.iter().filter(|a| same_name(a)).count(),
                1
            );
            assert_eq!(
                CreditorAction::ALL.iter().filter(|a| same_audit(a)).count(),
                1
            );
            let on_the_wire = serde_json::to_value(action).unwrap();
            assert_eq!(on_the_wire, rule.name);
        }
    }
}
