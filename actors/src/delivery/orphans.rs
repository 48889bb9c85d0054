//! Leases that the database ascribes to this process and that nobody here holds.
//!
//! Normally there are none: a lease that dies is reported by the leases. What is left are commits
//! that were thought to have failed. One look is no proof, because a lease may have ended between
//! reading the database and looking into the leases; absent in two looks it is an orphan.

use std::collections::HashSet;

use entities::queries::delivery::Fence;

/// What was absent in the last look.
#[derive(Debug, Default)]
pub(crate) struct Orphans {
    suspects: HashSet<Fence>,
}

impl Orphans {
    /// Takes what is absent now, and answers what was absent the last time as well.
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
    fn absent_twice_under_the_same_claim_is_an_orphan() {
        let mut orphans = Orphans::default();
        assert!(orphans.look(vec![fence(1, 1), fence(2, 1)]).is_empty());
        assert_eq!(orphans.look(vec![fence(1, 1), fence(2, 2)]), [fence(1, 1)]);
        assert_eq!(orphans.look(vec![fence(2, 2)]), [fence(2, 2)]);
        assert!(orphans.look(vec![]).is_empty());
        assert!(
            orphans.look(vec![fence(2, 2)]).is_empty(),
            "it has to be absent twice in a row"
        );
    }
}
