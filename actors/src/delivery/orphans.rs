//! Detection of orphans: leases that the database records for this process but that the lease table does not hold.
//!
//! Normally there are none, because the lease table reports a dropped lease. Orphans come from commits that succeeded
//! although they were reported as failed. A single check is no proof, because a lease may end between the read of the
//! database and the look into the lease table. A lease that is absent in two consecutive checks is an orphan.

use std::collections::HashSet;

use entities::queries::delivery::Fence;

/// The leases that were absent in the last check.
#[derive(Debug, Default)]
pub(crate) struct Orphans {
    suspects: HashSet<Fence>,
}

impl Orphans {
    /// Records the leases that are absent now, and returns those that were absent in the last check too.
    pub(super) fn look(&mut self, absent: Vec<Fence>) -> Vec<Fence> {
        let (proven, suspects): (Vec<_>, Vec<_>) = absent
            .into_iter()
            .partition(|fence| self.suspects.contains(fence));
        self.suspects = suspects.into_iter().collect();
        proven
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use entities::ids::DeliveryId;
    use uuid::Uuid;

    fn fence(delivery: u128, claim_no: i64) -> Fence {
        Fence {
            delivery: DeliveryId(Uuid::from_u128(delivery)),
            claim_no,
            owner: 1,
        }
    }

    #[test]
    fn lease_absent_in_two_consecutive_checks_is_an_orphan() {
        let mut orphans = Orphans::default();
        assert!(orphans.look(vec![fence(1, 1), fence(2, 1)]).is_empty());
        assert_eq!(orphans.look(vec![fence(1, 1), fence(2, 2)]), [fence(1, 1)]);
        assert_eq!(orphans.look(vec![fence(2, 2)]), [fence(2, 2)]);
        assert!(orphans.look(vec![]).is_empty());
        assert!(
            orphans.look(vec![fence(2, 2)]).is_empty(),
            "it must be absent in two consecutive checks"
        );
    }
}
