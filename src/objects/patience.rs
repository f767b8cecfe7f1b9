//! What an answer of the object store means, and how long one is waited for.

use reqwest::StatusCode;
use std::time::Duration;

/// How often a request is tried, the pause after the first try, which doubles, and how long a server that says nothing is
/// listened to.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    pub tries: u32,
    pub first_pause: Duration,
    pub silence: Duration,
}

const LONGEST_PAUSE: Duration = Duration::from_secs(10);

impl Default for Patience {
    /// Some forty seconds of pauses: a job that fails then is tried again later.
    fn default() -> Self {
        Self { tries: 8, first_pause: Duration::from_millis(500), silence: Duration::from_secs(60) }
    }
}

impl Patience {
    /// One look, as `doctor` takes it.
    pub const ONE_TRY: Self =
        Self { tries: 1, first_pause: Duration::ZERO, silence: Duration::from_secs(20) };

    /// The pause after a try that failed; `None`: it was the last.
    pub(super) fn pause(self, tried: u32) -> Option<Duration> {
        let doubled = self.first_pause.saturating_mul(1 << tried.saturating_sub(1).min(16));
        (tried < self.tries).then(|| doubled.min(LONGEST_PAUSE))
    }
}

/// What a status means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Good,
    Missing,
    /// Another try may do.
    Again,
    Refused,
    Wrong,
}

pub(super) fn decide_answer(status: StatusCode) -> Answer {
    match status.as_u16() {
        200..=299 => Answer::Good,
        404 | 410 => Answer::Missing,
        408 | 409 | 425 | 429 | 500..=599 => Answer::Again,
        401 | 403 => Answer::Refused,
        _ => Answer::Wrong,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_its_meaning() {
        let cases = [
            (200, Answer::Good),
            (204, Answer::Good),
            (206, Answer::Good),
            (301, Answer::Wrong),
            (400, Answer::Wrong),
            (401, Answer::Refused),
            (403, Answer::Refused),
            (404, Answer::Missing),
            (408, Answer::Again),
            (409, Answer::Again),
            (416, Answer::Wrong),
            (429, Answer::Again),
            (500, Answer::Again),
            (503, Answer::Again),
        ];
        for (status, expected) in cases {
            assert_eq!(decide_answer(StatusCode::from_u16(status).unwrap()), expected, "{status}");
        }
    }

    #[test]
    fn pauses_double_and_end() {
        let patience = Patience { tries: 4, first_pause: Duration::from_secs(3), ..Patience::default() };
        let pauses: Vec<_> =
            (1..=4).map(|tried| patience.pause(tried).map(|pause| pause.as_secs())).collect();
        assert_eq!(pauses, [Some(3), Some(6), Some(10), None]);
        assert_eq!(Patience::ONE_TRY.pause(1), None);
    }
}
