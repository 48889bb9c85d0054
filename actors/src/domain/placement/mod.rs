//! A placement: an overdue invoice that a creditor has handed over.
//!
//! ```text
//!  pending_enrichment ──▶ ready ──▶ in_outreach ⇄ disputed          open
//!         │                 │            │            │
//!         └─────────────────┴─────┬──────┴────────────┘
//!                                 ▼
//!  paid   recalled   resolved   resolved_out_of_band   withdrawn_by_creditor   terminal
//!            └──▶ the previous status, within 7 days
//! ```
//!
//! `paused` is a flag beside the status. Whether outreach may run is derived and never stored. This
//! module owns the rules of a placement and never stores one.

pub mod action;
pub mod creditor_action;
pub mod draft;
pub mod field;
pub mod field_error;
pub mod outreach;
pub mod payment;
pub mod refusal;
pub mod state;
pub mod status;
pub mod transition;

pub use creditor_action::CreditorAction;
pub use draft::{Debtor, DraftRejection, FieldError, NewPlacement, PlacementDraft, Posture};
pub use outreach::OutreachDecision;
pub use status::PlacementStatus;
pub use transition::{Action, Change, PlacementState, Resolution, TransitionRejection};
