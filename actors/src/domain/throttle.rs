//! A throttle that delays and never drops: sends are spaced evenly.
//!
//! The generic cell rate algorithm with a burst of one (ITU-T I.371): whoever may not go now is
//! told how long to wait.

/// The largest throttle, sends a second.
pub const MAX_PER_SECOND: u32 = 1_000;

/// The throttle of one endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttle {
    every_us: i64,
    next_us: i64,
}

impl Throttle {
    /// So many sends a second, of which each of `nodes` processes that send takes its share; zero counts as one.
    #[must_use]
    pub fn new(per_second: u32, nodes: u32) -> Self {
        let per_second = i64::from(per_second.clamp(1, MAX_PER_SECOND));
        Self {
            every_us: 1_000_000 * i64::from(nodes.max(1)) / per_second,
            next_us: i64::MIN,
        }
    }

    /// The same throttle at another rate, or among others. What has been sent keeps counting.
    #[must_use]
    pub fn at_rate(self, per_second: u32, nodes: u32) -> Self {
        Self {
            next_us: self.next_us,
            ..Self::new(per_second, nodes)
        }
    }

    /// Takes the next place, if it may be taken now.
    ///
    /// # Errors
    /// The microseconds to wait, never zero; nothing was taken.
    pub fn take(&mut self, now_us: i64) -> Result<(), i64> {
        // A clock that went back must not stop an endpoint for longer than one place.
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
    fn ten_a_second_are_a_tenth_of_a_second_apart() {
        let mut throttle = Throttle::new(10, 1);
        assert_eq!(throttle.take(0), Ok(()));
        assert_eq!(throttle.take(0), Err(100_000));
        assert_eq!(throttle.take(99_999), Err(1));
        assert_eq!(throttle.take(100_000), Ok(()));
        assert_eq!(
            throttle.at_rate(1, 1).take(100_000),
            Err(100_000),
            "what was promised holds"
        );
        assert_eq!(
            throttle.take(-1_000_000),
            Err(100_000),
            "a clock that went back"
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
            "the others are gone"
        );
    }

    proptest! {
        #[test]
        fn no_second_sees_more_than_the_rate_and_waiting_is_enough(
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
                // The division that spaces them rounds down, by less than a microsecond a place.
                prop_assert!(within <= usize::try_from(rate).unwrap() + 1);
            }
        }
    }
}
