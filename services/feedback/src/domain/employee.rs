//! What employees report, and what may be told of it.
//!
//! The promise: nothing is told that fewer than [`FLOOR`] employees stand behind, by itself or as the difference of
//! two answers. It rests on three things. A report is in at most one group, so groups never overlap. A group is made at
//! a midnight, of whole days that are over, so two looks on one day see the same. Within a group every part that is
//! shown, and what is left without it, has at least [`FLOOR`] employees. See docs/adr/0019-employee-reports.md.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use aws_lc_rs::hmac;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use uuid::Uuid;

use super::Understanding;

/// Fewer employees than this are never told of. Counts are told in multiples of it.
pub(crate) const FLOOR: usize = 5;

/// For how many days a report waits for others; then it is forgotten.
pub(crate) const PATIENCE_DAYS: u64 = 180;

/// What a report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum ReportKind {
    Idea,
    Complaint,
}

/// A keyed hash of who reports: two are the same exactly when the employee is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pseudonym([u8; 32]);

impl Pseudonym {
    /// Of the employee with this id at the company, under the tenant's secret.
    pub(crate) fn of(secret: &[u8], employee_id: &str) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let tag = hmac::sign(&key, employee_id.as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(tag.as_ref());
        Self(bytes)
    }

    /// The pseudonym that a column holds; none when it holds something else.
    pub(crate) fn stored(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

// It stands for a person, so it is printed nowhere.
impl fmt::Debug for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonym(..)")
    }
}

/// A report as it waits.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    /// Random.
    pub(crate) employee_report_id: Uuid,
    pub(crate) topic_id: String,
    pub(crate) kind: ReportKind,
    pub(crate) text: String,
    /// Empty when none was named.
    pub(crate) team: String,
    pub(crate) reporter: Pseudonym,
    pub(crate) received_on: NaiveDate,
}

/// The topic that a report is counted under: the one it speaks of most clearly, or none.
pub(crate) fn main_topic(understanding: Option<&Understanding>) -> String {
    let mentions = understanding.map(|understood| understood.topics.as_slice());
    let found = mentions.unwrap_or_default().iter();
    let clearest = found.filter(|mention| !mention.is_implied()).max_by(|a, b| {
        let by_id = || b.topic_id.cmp(&a.topic_id);
        a.confidence.total_cmp(&b.confidence).then_with(by_id)
    });
    clearest
        .map(|mention| mention.topic_id.clone())
        .unwrap_or_default()
}

/// How many employees of one team are in a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TeamShare {
    /// Empty for all that are not named.
    pub(crate) team: String,
    /// A multiple of [`FLOOR`].
    pub(crate) reporters: i32,
}

/// A group as it is told.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_field_names,
    reason = "the id has the name it has in tables and messages"
)]
pub(crate) struct ReportGroup {
    pub(crate) report_group_id: Uuid,
    pub(crate) topic_id: String,
    pub(crate) reporters: i32,
    pub(crate) teams: Json<Vec<TeamShare>>,
    pub(crate) agreements: i32,
    pub(crate) released_at: DateTime<Utc>,
}

/// A report as it is told.
#[derive(Clone, Debug)]
pub(crate) struct GroupedReport {
    pub(crate) employee_report_id: Uuid,
    pub(crate) kind: ReportKind,
    pub(crate) text: String,
}

/// A count as it is told: rounded down to a multiple of [`FLOOR`].
pub(crate) fn coarse(count: usize) -> i32 {
    i32::try_from(count / FLOOR * FLOOR).unwrap_or(i32::MAX - i32::MAX % 5)
}

/// What may be told of reports by these reporters, each with the team they named: how many employees, and their teams.
/// None when they are too few.
pub(crate) fn summary(reports: &[(Pseudonym, String)]) -> Option<(i32, Vec<TeamShare>)> {
    let all: BTreeSet<Pseudonym> = reports.iter().map(|(reporter, _)| *reporter).collect();
    (all.len() >= FLOOR).then(|| (coarse(all.len()), shares(reports)))
}

/// The teams that can be named, and all others together; empty where no team can be named.
///
/// An employee who named two teams counts in the first of them only, so that the parts do not overlap.
fn shares(reports: &[(Pseudonym, String)]) -> Vec<TeamShare> {
    let mut home: BTreeMap<Pseudonym, &str> = BTreeMap::new();
    for (reporter, team) in reports {
        let known = home.entry(*reporter).or_insert(team);
        if team.as_str() < *known {
            *known = team;
        }
    }
    let mut teams: BTreeMap<&str, usize> = BTreeMap::new();
    for team in home.values() {
        *teams.entry(team).or_default() += 1;
    }
    let mut named: Vec<(&str, usize)> = teams
        .iter()
        .filter(|(team, count)| !team.is_empty() && **count >= FLOOR)
        .map(|(team, count)| (*team, *count))
        .collect();
    // The smallest last: it is the first that is given up.
    named.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let mut rest = home.len() - named.iter().map(|(_, count)| count).sum::<usize>();
    while rest > 0 && rest < FLOOR {
        let Some((_, count)) = named.pop() else { break };
        rest += count;
    }
    if named.is_empty() {
        return Vec::new();
    }
    let others = (rest > 0).then_some(("", rest));
    let share = |(team, count): (&str, usize)| TeamShare {
        team: team.to_owned(),
        reporters: coarse(count),
    };
    named.into_iter().chain(others).map(share).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn report(reporter: u8, team: &str) -> (Pseudonym, String) {
        (Pseudonym([reporter; 32]), team.to_owned())
    }

    fn share(team: &str, reporters: i32) -> TeamShare {
        TeamShare {
            team: team.to_owned(),
            reporters,
        }
    }

    #[test]
    fn one_employee_who_reports_ten_times_is_one() {
        let loud: Vec<_> = (0..10)
            .map(|_| report(1, "north"))
            .chain((2..5).map(|n| report(n, "north")))
            .collect();
        assert_eq!(summary(&loud), None);
        let five: Vec<_> = loud.into_iter().chain([report(5, "north")]).collect();
        assert_eq!(summary(&five), Some((5, vec![share("north", 5)])));
    }

    #[test]
    fn a_team_is_not_named_where_the_others_would_be_too_few() {
        let nine: Vec<_> = (0..6)
            .map(|n| report(n, "north"))
            .chain((6..9).map(|n| report(n, "south")))
            .collect();
        assert_eq!(summary(&nine), Some((5, Vec::new())));
        let eleven: Vec<_> = nine
            .into_iter()
            .chain([report(9, ""), report(10, "west")])
            .collect();
        assert_eq!(
            summary(&eleven),
            Some((10, vec![share("north", 5), share("", 5)]))
        );
    }

    #[test]
    fn a_pseudonym_tells_employees_apart_under_one_secret_only() {
        let of = |secret: u8, id: &str| Pseudonym::of(&[secret; 32], id);
        assert_eq!(of(1, "e-7"), of(1, "e-7"));
        assert_ne!(of(1, "e-7"), of(1, "e-8"));
        assert_ne!(of(1, "e-7"), of(2, "e-7"));
        assert!(!format!("{:?}", of(1, "e-7")).contains(char::is_numeric));
    }

    proptest! {
        /// Any part that is shown, and any difference of the whole and parts, is of five employees or more.
        #[test]
        fn every_union_of_parts_and_every_rest_has_the_floor(
            reports in prop::collection::vec((0u8..30, 0usize..5), 0..80)
        ) {
            let teams = ["", "north", "south", "west", "a"];
            let reports: Vec<_> = reports.iter().map(|(who, team)| report(*who, teams[*team])).collect();
            let distinct: BTreeSet<_> = reports.iter().map(|(who, _)| *who).collect();
            let Some((told, shares)) = summary(&reports) else {
                prop_assert!(distinct.len() < FLOOR);
                return Ok(());
            };
            let floor = i32::try_from(FLOOR).unwrap();
            prop_assert_eq!(told, coarse(distinct.len()));
            prop_assert!(shares.iter().all(|share| share.reporters >= floor && share.reporters % floor == 0));
            // The parts are disjoint, so those of named teams add up to the whole less the rest.
            let named: Vec<_> = shares.iter().filter(|share| !share.team.is_empty()).collect();
            let first_team = |who: &Pseudonym| reports.iter().filter(|(other, _)| other == who).map(|(_, t)| t).min();
            let of = |team: &str| distinct.iter().filter(|who| first_team(who).is_some_and(|t| t == team)).count();
            let true_named: usize = named.iter().map(|share| of(&share.team)).sum();
            let rest = distinct.len() - true_named;
            prop_assert!(rest == 0 || rest >= FLOOR || named.is_empty(), "{} are left", rest);
            prop_assert_eq!(shares.iter().any(|share| share.team.is_empty()), !named.is_empty() && rest > 0);
            for share in named {
                prop_assert_eq!(share.reporters, coarse(of(&share.team)));
            }
        }
    }
}
