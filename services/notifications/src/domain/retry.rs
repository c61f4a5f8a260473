//! When to try again.

use chrono::{DateTime, TimeDelta, Utc};
use rand::RngExt;

/// After so many attempts a message has failed. With the rests below that is most of a day, longer than the
/// outages that mail providers have.
pub(crate) const MOST_ATTEMPTS: i32 = 14;

const FIRST: TimeDelta = TimeDelta::seconds(30);
const LONGEST: TimeDelta = TimeDelta::hours(4);

/// When to try again after the `attempts`-th failure: doubling from 30 seconds to 4 hours, each rest up to a
/// quarter longer by chance, so that what failed together does not come again together. Where the provider asked for a
/// longer rest it gets it, up to those 4 hours.
pub(crate) fn next_attempt(now: DateTime<Utc>, attempts: i32, asked: Option<TimeDelta>) -> DateTime<Utc> {
    let doublings = attempts.clamp(1, 12).unsigned_abs() - 1;
    let rest = (FIRST * 2_i32.pow(doublings))
        .max(asked.unwrap_or_default())
        .min(LONGEST);
    let extra = rest.num_milliseconds() / 4;
    now + rest + TimeDelta::milliseconds(rand::rng().random_range(0..=extra))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_rests_together_are_most_of_a_day() {
        let start = DateTime::UNIX_EPOCH;
        let end = (1..MOST_ATTEMPTS).fold(start, |at, attempts| next_attempt(at, attempts, None));
        assert!((20..=26).contains(&(end - start).num_hours()), "{}", end - start);
    }

    #[test]
    fn rests_grow_from_half_a_minute_to_four_hours() {
        let now = DateTime::UNIX_EPOCH;
        for (attempts, least) in [(1, FIRST), (3, TimeDelta::minutes(2)), (50, LONGEST)] {
            let rest = next_attempt(now, attempts, None) - now;
            assert!(rest >= least && rest <= least + least / 4, "{attempts}: {rest}");
        }
    }

    #[test]
    fn a_provider_gets_the_rest_it_asks_for_up_to_four_hours_and_none_shorter() {
        let now = DateTime::UNIX_EPOCH;
        for (asked, least) in [
            (TimeDelta::minutes(10), TimeDelta::minutes(10)),
            (TimeDelta::days(30), LONGEST),
            (TimeDelta::seconds(1), FIRST),
        ] {
            let rest = next_attempt(now, 1, Some(asked)) - now;
            assert!(rest >= least && rest <= least + least / 4, "{asked}: {rest}");
        }
    }
}
