//! The position of a creditor in its event sequence, and what it owns. Its row lock serializes the creditor's
//! transactions.

use std::collections::BTreeMap;

use sea_orm::entity::prelude::*;

use crate::ids::CreditorId;
use crate::placement::StoredStatus;

/// A row of `creditor_position`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "creditor_position")]
pub struct Model {
    /// The creditor.
    #[sea_orm(primary_key, auto_increment = false)]
    pub creditor_id: CreditorId,
    /// Sequence of the last event.
    pub sequence: i64,
    /// Time of the last change, epoch milliseconds. It increases with every change.
    pub updated_ms: i64,
    /// [`PlacementCounts`] as JSON.
    pub placement_counts: String,
}

impl ActiveModelBehavior for ActiveModel {}

/// How many placements a creditor has by status. Stored as a JSON object, such as `{"paid":2,"ready":1}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlacementCounts(BTreeMap<String, i64>);

impl PlacementCounts {
    /// Reads the stored text.
    ///
    /// # Errors
    /// The text is not an object of numbers.
    pub fn parse(text: &str) -> crate::Result<Self> {
        let counts = serde_json::from_str(text);
        counts
            .map(Self)
            .map_err(|error| DbErr::Type(format!("creditor_position.placement_counts: {error}")))
    }

    /// The text to store.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::json!(self.0).to_string()
    }

    /// Adds `change` placements with `status`; a negative number removes them.
    pub fn add(&mut self, status: StoredStatus, change: i64) {
        *self.0.entry(status.as_str().to_owned()).or_default() += change;
    }

    /// Adds the counts of `other`.
    pub fn add_all(&mut self, other: &Self) {
        for (status, change) in &other.0 {
            *self.0.entry(status.clone()).or_default() += change;
        }
    }

    /// How many placements have one of `statuses`; of all statuses, if there are none.
    #[must_use]
    pub fn total(&self, statuses: &[StoredStatus]) -> u64 {
        let wanted = |status: &str| {
            statuses.is_empty() || statuses.iter().any(|wanted| wanted.as_str() == status)
        };
        let counts = self.0.iter().filter(|(status, _)| wanted(status));
        counts
            .map(|(_, count)| u64::try_from(*count).unwrap_or(0))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn total_is_of_the_wanted_statuses() {
        let mut counts = PlacementCounts::parse(r#"{"paid":2,"ready":1}"#).unwrap();
        let mut change = PlacementCounts::default();
        change.add(StoredStatus::Ready, -1);
        change.add(StoredStatus::InOutreach, 1);
        counts.add_all(&change);
        assert_eq!(counts.to_text(), r#"{"in_outreach":1,"paid":2,"ready":0}"#);
        assert_eq!(counts.total(&[]), 3);
        assert_eq!(counts.total(&[StoredStatus::Paid, StoredStatus::Ready]), 2);
        assert!(PlacementCounts::parse("[]").is_err());
    }
}
