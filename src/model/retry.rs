//! Decides whether a job that met an unready world is tried again, and after how long.

use std::time::Duration;

/// The first pause; it doubles with every attempt.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);

/// What happens after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    After(Duration),
    /// That was the last of this many.
    GiveUp {
        attempts: u32,
    },
}

/// `attempt` is the one that just failed, 1 for the first; `jitter` in 0..1 spreads jobs that failed together
/// over half of the pause. Whole milliseconds: clock and databases know nothing finer than microseconds.
pub fn decide_retry(attempt: u32, attempts: u32, jitter: f64) -> Retry {
    if attempt >= attempts {
        return Retry::GiveUp { attempts };
    }
    let doubled =
        FIRST_PAUSE.saturating_mul(1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX));
    let pause = doubled.min(LONGEST_PAUSE);
    let spread = pause.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0);
    Retry::After(Duration::from_millis(u64::try_from(spread.as_millis()).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_attempts_end() {
        let cases = [
            (1, 5, 1.0, Retry::After(Duration::from_secs(2))),
            (1, 5, 0.0, Retry::After(Duration::from_secs(1))),
            (2, 5, 1.0, Retry::After(Duration::from_secs(4))),
            (1, 5, 1.0 / 3.0, Retry::After(Duration::from_millis(1_333))),
            (4, 5, 1.0, Retry::After(Duration::from_secs(16))),
            (5, 5, 1.0, Retry::GiveUp { attempts: 5 }),
            (6, 5, 1.0, Retry::GiveUp { attempts: 5 }),
            (1, 1, 1.0, Retry::GiveUp { attempts: 1 }),
            (9, 99, 1.0, Retry::After(Duration::from_secs(512))),
            (10, 99, 1.0, Retry::After(Duration::from_secs(900))),
            (98, 99, 1.0, Retry::After(Duration::from_secs(900))),
        ];
        for (attempt, attempts, jitter, expected) in cases {
            assert_eq!(decide_retry(attempt, attempts, jitter), expected, "attempt {attempt} of {attempts}");
        }
    }
}
