//! The send rate of an endpoint: a throttle that spaces sends evenly.
//!
//! The algorithm is the generic cell rate algorithm with a burst of one (ITU-T I.371). Owns the
//! spacing. Never sleeps and never drops a send: a refused send gets the time to wait.

/// The highest rate of a throttle, in sends a second.
pub const MAX_PER_SECOND: u32 = 1_000;

/// The throttle of one endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttle {
    every_us: i64,
    next_us: i64,
}

impl Throttle {
    /// Creates a throttle of `per_second` sends a second, shared evenly by `nodes` processes. 0 counts
    /// as 1 for both, and a rate above [`MAX_PER_SECOND`] is lowered to it.
    #[must_use]
    pub fn new(per_second: u32, nodes: u32) -> Self {
        let per_second = i64::from(per_second.clamp(1, MAX_PER_SECOND));
        Self {
            every_us: 1_000_000 * i64::from(nodes.max(1)) / per_second,
            next_us: i64::MIN,
        }
    }

    /// Returns the throttle with another rate or number of processes. The earliest instant of the next
    /// send stays the same.
    #[must_use]
    pub fn at_rate(self, per_second: u32, nodes: u32) -> Self {
        Self {
            next_us: self.next_us,
            ..Self::new(per_second, nodes)
        }
    }

    /// Takes the next send slot, if a send is permitted at `now_us` (microseconds).
    ///
    /// # Errors
    /// The wait in microseconds, at least 1. No slot was taken.
    pub fn take(&mut self, now_us: i64) -> Result<(), i64> {
        // If the clock steps back, the endpoint waits for at most one interval.
        let wait_us = self.next_us.saturating_sub(now_us).min(self.every_us);
        if wait_us > 0 {
            return Err(wait_us);
        }
        self.next_us = now_us.saturating_add(self.every_us);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sends_are_spaced_evenly() {
        let mut throttle = Throttle::new(10, 1);
        assert_eq!(throttle.take(0), Ok(()));
        assert_eq!(throttle.take(0), Err(100_000));
        assert_eq!(throttle.take(99_999), Err(1));
        assert_eq!(throttle.take(100_000), Ok(()));
        assert_eq!(
            throttle.at_rate(1, 1).take(100_000),
            Err(100_000),
            "the next slot stays reserved"
        );
        assert_eq!(
            throttle.take(-1_000_000),
            Err(100_000),
            "the clock stepped back"
        );
    }

    #[test]
    fn processes_share_a_rate() {
        let mut throttle = Throttle::new(10, 3);
        assert_eq!(throttle.take(0), Ok(()));
        assert_eq!(throttle.take(0), Err(300_000));
        assert_eq!(
            throttle.at_rate(10, 1).take(0),
            Err(100_000),
            "the other processes are gone"
        );
    }

    proptest! {
        #[test]
        fn rate_holds_and_the_wait_is_exact(
            rate in 1..=MAX_PER_SECOND, steps in proptest::collection::vec(0..200_000_i64, 1..400),
        ) {
            let (mut throttle, mut now_us, mut sent) = (Throttle::new(rate, 1), 0_i64, Vec::new());
            for step in steps {
                now_us += step;
                match throttle.take(now_us) {
                    Ok(()) => sent.push(now_us),
                    Err(wait_us) => {
                        prop_assert!(wait_us > 0);
                        prop_assert!(throttle.take(now_us + wait_us - 1).is_err());
                        now_us += wait_us;
                        prop_assert_eq!(throttle.take(now_us), Ok(()));
                        sent.push(now_us);
                    }
                }
            }
            for first in &sent {
                let within = sent.iter().filter(|at| (*first..first + 1_000_000).contains(at)).count();
                // The interval is rounded down by less than a microsecond, so one more send can fit.
                prop_assert!(within <= usize::try_from(rate).unwrap() + 1);
            }
        }
    }
}
