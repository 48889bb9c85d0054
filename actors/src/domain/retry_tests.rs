//! Tests of the retry decision and the retry schedule.

use proptest::prelude::*;

use super::*;

/// 1994-11-06T08:49:37Z, the instant of RFC 9110's examples.
const RFC_DATE_MS: i64 = 784_111_777_000;

const FAILED: Outcome = Outcome::Failed {
    cause: FailureCause::Timeout,
};

#[test]
fn default_schedule_matches_its_text() {
    let text = "5s,30s,2m,10m,1h,3h,8h,12h,24h,24h";
    assert_eq!(RetrySchedule::parse(text), Ok(RetrySchedule::default()));
    assert_eq!(RetrySchedule::default().to_string(), text);
    assert_eq!(RetrySchedule::default().max_attempts(), 11);
}

#[test]
fn error_names_the_bad_part() {
    assert_eq!(RetrySchedule::parse(" "), Err(ScheduleError::Empty));
    for part in ["5", "s", "", "5x", "1.5s", "-1s", "5 s", "５s"] {
        let text = format!("1s,{part},2s");
        assert_eq!(
            RetrySchedule::parse(&text),
            Err(ScheduleError::Wait(part.to_owned())),
            "{part}"
        );
    }
    for part in ["0s", "8d", "99999999999999999999s"] {
        assert_eq!(
            RetrySchedule::parse(part),
            Err(ScheduleError::Range(part.to_owned()))
        );
    }
    assert_eq!(
        RetrySchedule::parse("50ms, 1d").unwrap().waits_ms(),
        [50, 86_400_000]
    );
}

#[test]
fn status_codes_are_classified() {
    let outcome = |status| classify(status, Some("7"), 0);
    for status in [200, 202, 204, 299] {
        assert_eq!(outcome(status), Outcome::Delivered);
    }
    assert_eq!(outcome(410), Outcome::Gone);
    for status in [429, 503] {
        assert_eq!(
            outcome(status),
            Outcome::RetryAfter {
                status,
                after_ms: Some(7_000)
            }
        );
    }
    for status in [100, 199, 300, 301, 308, 400, 401, 404, 500, 502, 504, 599] {
        assert_eq!(
            outcome(status),
            Outcome::Failed {
                cause: FailureCause::Status(status)
            }
        );
    }
}

#[test]
fn retry_after_parses_seconds_and_dates() {
    let after = |value| match classify(429, value, RFC_DATE_MS - 60_000) {
        Outcome::RetryAfter { after_ms, .. } => after_ms,
        other => panic!("{other:?}"),
    };
    assert_eq!(after(Some("120")), Some(120_000));
    assert_eq!(after(Some(" 0 ")), Some(0));
    assert_eq!(after(Some("99999999999999999999999")), Some(i64::MAX));
    assert_eq!(after(Some("Sun, 06 Nov 1994 08:49:37 GMT")), Some(60_000));
    assert_eq!(after(Some("Sunday, 06-Nov-94 08:49:37 GMT")), Some(60_000));
    assert_eq!(after(Some("Sun Nov  6 08:49:37 1994")), Some(60_000));
    assert_eq!(
        after(Some("Sun, 06 Nov 1983 08:49:37 GMT")),
        Some(0),
        "a past date means now"
    );
    for unreadable in [None, Some(""), Some("-5"), Some("1.5"), Some("soon")] {
        assert_eq!(after(unreadable), None);
    }
}

#[test]
fn n_waits_make_n_plus_one_attempts() {
    let schedule = RetrySchedule::parse("1s,2s").unwrap();
    let step = |attempts_done| next(&schedule, &FAILED, attempts_done, 1_000_000, i64::MAX, 0.0);
    assert_eq!(step(1), NextStep::RetryAt { due_ms: 1_001_000 });
    assert_eq!(step(2), NextStep::RetryAt { due_ms: 1_002_000 });
    assert_eq!(step(3), NextStep::Exhausted);
    assert_eq!(step(u32::MAX), NextStep::Exhausted);
}

#[test]
fn delivered_and_gone_are_final() {
    let schedule = RetrySchedule::default();
    for attempts_done in [1, 9, 100] {
        assert_eq!(
            next(
                &schedule,
                &Outcome::Delivered,
                attempts_done,
                0,
                i64::MAX,
                0.5
            ),
            NextStep::Delivered
        );
        assert_eq!(
            next(&schedule, &Outcome::Gone, attempts_done, 0, i64::MAX, 0.5),
            NextStep::DisableEndpoint
        );
    }
}

#[test]
fn retry_after_lengthens_the_wait_up_to_a_day() {
    let schedule = RetrySchedule::parse("1m").unwrap();
    let due = |after_ms, latest_ms| {
        next(
            &schedule,
            &Outcome::RetryAfter {
                status: 429,
                after_ms,
            },
            1,
            0,
            latest_ms,
            0.0,
        )
    };
    for (after_ms, latest_ms, due_ms) in [
        (None, i64::MAX, 60_000),
        (Some(0), i64::MAX, 60_000),
        (Some(59_999), i64::MAX, 60_000),
        (Some(61_000), i64::MAX, 61_000),
        (Some(i64::MAX), i64::MAX, RETRY_AFTER_CAP_MS),
        (Some(i64::MAX), 70_000, 70_000),
        (Some(i64::MAX), 10_000, 60_000),
        (Some(i64::MAX), -1, 60_000),
    ] {
        assert_eq!(due(after_ms, latest_ms), NextStep::RetryAt { due_ms });
    }
}

#[test]
fn longest_time_counts_every_wait_jitter_and_attempt() {
    let schedule = RetrySchedule::parse("10s,100s").unwrap();
    let attempt = Duration::from_secs(1);
    assert_eq!(schedule.longest_after(0, attempt), 1_000 + 13_001 + 121_001);
    assert_eq!(schedule.longest_after(1, attempt), 13_001 + 121_001);
    assert_eq!(schedule.longest_after(2, attempt), 121_001);
    assert_eq!(schedule.longest_after(3, attempt), 0);
    assert_eq!(schedule.longest_after(u32::MAX, attempt), 0);
}

#[test]
fn failure_causes_have_readable_messages() {
    assert_eq!(
        FailureCause::Status(302).to_string(),
        "HTTP 302: redirects are not followed"
    );
    assert_eq!(FailureCause::Status(500).to_string(), "HTTP 500");
}

proptest! {
    #[test]
    fn jitter_lengthens_the_wait_by_at_most_a_fifth(attempts_done in 1..=8_u32, jitter in 0.0..=1.0_f64) {
        let schedule = RetrySchedule::default();
        let wait_ms = schedule.waits_ms()[attempts_done as usize - 1];
        match next(&schedule, &FAILED, attempts_done, 0, i64::MAX, jitter) {
            NextStep::RetryAt { due_ms } => prop_assert!(due_ms >= wait_ms && due_ms <= wait_ms + wait_ms / 5),
            other => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn next_accepts_any_jitter_and_instant(jitter: f64, now_ms: i64, latest_ms: i64, after_ms: Option<i64>, attempts_done: u32) {
        let outcome = Outcome::RetryAfter { status: 503, after_ms };
        let schedule = RetrySchedule::default();
        if let NextStep::RetryAt { due_ms } = next(&schedule, &outcome, attempts_done, now_ms, latest_ms, jitter) {
            prop_assert!(due_ms > now_ms || now_ms == i64::MAX);
        }
    }

    #[test]
    fn classify_never_panics(value in ".*", now_ms: i64) {
        let _ = classify(503, Some(&value), now_ms);
    }
}
