//! How the volume of a hot issue went, beside what was to be expected.

use std::collections::BTreeSet;

use attune_stats::hot::{Day, Range, Usual};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

use super::{HotIssue, Lineage, Window};

/// The level of the expected range.
pub(crate) const LEVEL: f64 = 0.95;
/// How many days before the window in which it was found are shown.
const SHOWN_BEFORE: Days = Days::new(28);
/// How many days before it the expectation is made from, as in a run of the detection.
const LEARNT_BEFORE: Days = Days::new(56);
/// How many days are shown at most.
const MOST: Days = Days::new(180);

/// The days of a hot issue.
#[derive(Clone, Debug)]
pub(crate) struct Course {
    pub(crate) issue: HotIssue,
    pub(crate) days: Vec<CourseDay>,
}

/// One day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct CourseDay {
    pub(crate) day: Day,
    /// `None` where too few days came before.
    pub(crate) usual: Option<Range>,
    /// Whether the day is over.
    pub(crate) complete: bool,
    /// Whether the topic was coded otherwise than on the day the issue was found.
    pub(crate) coded_otherwise: bool,
}

/// Midnight at which a day begins.
pub(crate) fn midnight(date: NaiveDate) -> DateTime<Utc> {
    date.and_time(NaiveTime::MIN).and_utc()
}

/// The days on which a topic was coded otherwise than on the day `found`, or than by the newest coding of that day. From
/// the versions that the feedback of each day stands by.
pub(crate) fn coded_otherwise(
    versions: &[(DateTime<Utc>, i64)],
    lineage: &Lineage,
    found: NaiveDate,
) -> BTreeSet<NaiveDate> {
    let codings = versions
        .iter()
        .map(|&(start, version)| (start.date_naive(), lineage.coding_of(version, start)));
    let reference = codings
        .clone()
        .filter(|(date, _)| *date == found)
        .map(|(_, coding)| coding)
        .max();
    let differs = |coding: i64| reference.is_some_and(|reference| reference != coding);
    codings
        .filter(|(_, coding)| differs(*coding))
        .map(|(date, _)| date)
        .collect()
}

impl Course {
    /// The days to be counted at `now`: those that the expectation is made from, and those that are shown.
    pub(crate) fn window(issue: &HotIssue, now: DateTime<Utc>) -> Window {
        let found = issue.window_start.date_naive();
        let shown_until = found - SHOWN_BEFORE + MOST;
        Window {
            start: midnight(found - LEARNT_BEFORE),
            end: midnight((now.date_naive() + Days::new(1)).min(shown_until)),
        }
    }

    /// The course of `issue` from the days that were counted, in order; days that are missing had no feedback. Days that
    /// were `coded_otherwise` are shown and not compared.
    pub(crate) fn of(
        issue: HotIssue,
        counted: &[Day],
        coded_otherwise: &BTreeSet<NaiveDate>,
        now: DateTime<Utc>,
    ) -> Self {
        let window = Self::window(&issue, now);
        let found = issue.window_start.date_naive();
        // The day on which the window begins may hold the beginning of the storm.
        let comparable = |day: &&Day| day.date < found && !coded_otherwise.contains(&day.date);
        let before: Vec<Day> = counted.iter().filter(comparable).copied().collect();
        let usual = Usual::of(&before, issue.overdispersion());
        let end = window.end.date_naive();
        let days = (found - SHOWN_BEFORE)
            .iter_days()
            .take_while(|date| *date < end)
            .map(|date| CourseDay {
                day: counted
                    .iter()
                    .find(|day| day.date == date)
                    .copied()
                    .unwrap_or(Day {
                        date,
                        mentions: 0,
                        feedback: 0,
                    }),
                usual: usual.as_ref().map(|usual| usual.range(date, LEVEL)),
                complete: midnight(date + Days::new(1)) <= now,
                coded_otherwise: coded_otherwise.contains(&date),
            })
            .collect();
        Self { issue, days }
    }
}
