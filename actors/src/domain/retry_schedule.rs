//! The waits between delivery attempts, and their text form (`PARTNER_API_RETRY_SCHEDULE`).
//!
//! Owns the length of each wait and of the whole schedule. Never decides whether a delivery is retried: `retry` does.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The longest permitted wait, in milliseconds: seven days.
const WAIT_MAX_MS: i64 = 7 * 86_400_000;

/// The waits between attempts, before jitter. A schedule of n waits makes n + 1 attempts. Never
/// empty.
///
/// The default, `5s,30s,2m,10m,1h,3h,8h,12h,24h,24h`, so that a receiver may be down for a weekend:
///
/// | attempt | wait before it | time since the first attempt, without jitter |
/// |---|---|---|
/// | 1 | – | 0 |
/// | 2 | 5 s | 5 s |
/// | 3 | 30 s | 35 s |
/// | 4 | 2 min | 2 min 35 s |
/// | 5 | 10 min | 12 min 35 s |
/// | 6 | 1 h | 1 h 12 min 35 s |
/// | 7 | 3 h | 4 h 12 min 35 s |
/// | 8 | 8 h | 12 h 12 min 35 s |
/// | 9 | 12 h | 1 d 12 min 35 s |
/// | 10 | 24 h | 2 d 12 min 35 s |
/// | 11 | 24 h | 3 d 12 min 35 s |
///
/// Jitter multiplies each wait by 1.0–1.2, so that a recovering receiver does not get all retries at
/// the same time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetrySchedule {
    waits_ms: Vec<i64>,
}

/// Why a text is not a schedule. The message names the bad part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// The text is empty.
    #[error("the schedule is empty: write waits such as 5s,30s,2m,10m,1h")]
    Empty,
    /// An entry is not a whole number with a unit.
    #[error("`{0}` is not a wait: write a whole number and ms, s, m, h or d, such as 30s")]
    Wait(String),
    /// An entry is zero or longer than seven days.
    #[error("`{0}` is out of range: a wait is at least 1ms and at most 7d")]
    Range(String),
}

impl RetrySchedule {
    /// Parses waits such as `5s,30s,2m`, separated by commas. The units are `ms`, `s`, `m`, `h` and
    /// `d`.
    ///
    /// # Errors
    /// [`ScheduleError`] with the first bad part.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        if text.trim().is_empty() {
            return Err(ScheduleError::Empty);
        }
        let waits_ms = text
            .split(',')
            .map(|part| parse_wait(part.trim()))
            .collect::<Result<_, _>>()?;
        Ok(Self { waits_ms })
    }

    /// The waits in order, in milliseconds.
    #[must_use]
    pub fn waits_ms(&self) -> &[i64] {
        &self.waits_ms
    }

    /// The maximum number of attempts of a delivery.
    #[must_use]
    pub fn max_attempts(&self) -> u32 {
        u32::try_from(self.waits_ms.len())
            .unwrap_or(u32::MAX)
            .saturating_add(1)
    }

    /// The wait after `attempts_done` attempts, in milliseconds. `attempts_done` includes the attempt
    /// that has just finished. `None` if no attempts are left.
    #[must_use]
    pub fn wait_after(&self, attempts_done: u32) -> Option<i64> {
        let index = usize::try_from(attempts_done.saturating_sub(1)).ok()?;
        self.waits_ms.get(index).copied()
    }

    /// The longest time that the schedule can take after `attempts_done` attempts, in milliseconds: every wait with the
    /// largest jitter, and every attempt as long as `attempt`.
    #[must_use]
    pub fn longest_after(&self, attempts_done: u32, attempt: Duration) -> i64 {
        let done = usize::try_from(attempts_done.saturating_sub(1)).unwrap_or(usize::MAX);
        let left = self.waits_ms.iter().skip(done);
        let attempt_ms = i64::try_from(attempt.as_millis()).unwrap_or(i64::MAX);
        // The largest jitter is a fifth.
        let waits = left.map(|wait_ms| wait_ms + wait_ms / 5 + 1);
        let first = if attempts_done == 0 { attempt_ms } else { 0 };
        waits.fold(first, |sum, wait_ms| {
            sum.saturating_add(wait_ms).saturating_add(attempt_ms)
        })
    }
}

impl Default for RetrySchedule {
    fn default() -> Self {
        let (s, m, h) = (1_000, 60_000, 3_600_000);
        Self {
            waits_ms: vec![
                5 * s,
                30 * s,
                2 * m,
                10 * m,
                h,
                3 * h,
                8 * h,
                12 * h,
                24 * h,
                24 * h,
            ],
        }
    }
}

impl FromStr for RetrySchedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        Self::parse(text)
    }
}

impl fmt::Display for RetrySchedule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, wait_ms) in self.waits_ms.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let units = [("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
            let (unit, size) = units
                .into_iter()
                .find(|(_, size)| wait_ms % size == 0)
                .unwrap_or(("ms", 1));
            write!(formatter, "{comma}{}{unit}", wait_ms / size)?;
        }
        Ok(())
    }
}

fn parse_wait(part: &str) -> Result<i64, ScheduleError> {
    let not_a_wait = || ScheduleError::Wait(part.to_owned());
    let digits = part.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = part.split_at(digits);
    let unit_ms = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(not_a_wait()),
    };
    if number.is_empty() {
        return Err(not_a_wait());
    }
    let wait_ms = number
        .parse::<i64>()
        .unwrap_or(i64::MAX)
        .saturating_mul(unit_ms);
    if (1..=WAIT_MAX_MS).contains(&wait_ms) {
        Ok(wait_ms)
    } else {
        Err(ScheduleError::Range(part.to_owned()))
    }
}
