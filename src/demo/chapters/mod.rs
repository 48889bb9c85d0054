//! The chapters of the story, one file a subject.

pub(super) mod arrivals;
pub(super) mod ending;
pub(super) mod facts;
pub(super) mod leak;
pub(super) mod onboarding;
pub(super) mod placements;
pub(super) mod statuses;
pub(super) mod webhook;
