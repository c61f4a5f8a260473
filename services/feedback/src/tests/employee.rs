//! Employees are told of in groups of five or more, whatever anybody asks, whenever.

use std::collections::{BTreeMap, BTreeSet};

use attune_api::feedback::v1 as pb;
use attune_rpc::{Page, Violations};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;
use crate::commands::employee::{Agree, Submit};
use crate::domain::employee::{FLOOR, GroupedReport, ReportGroup, ReportKind};

const MORNING: &str = "2026-03-02T08:00:00Z";
const FORM: &str = "The form confuses customers";

/// All that anybody can be told of employees.
type Told = Vec<(ReportGroup, Vec<GroupedReport>)>;

impl Bench {
    async fn report(&self, employee: &str, team: &str, text: &str) {
        let submit = Submit {
            kind: ReportKind::Complaint,
            text: text.into(),
            team: team.into(),
            employee_id: employee.into(),
            key: without_request_id(),
        };
        commands::employee::submit(&self.db, &self.reader, &self.tenant, submit)
            .await
            .unwrap();
    }

    async fn agree(&self, group: Uuid, employee: &str) {
        let agree = Agree {
            report_group_id: group,
            employee_id: employee.into(),
            key: without_request_id(),
        };
        commands::employee::agree(&self.db, &self.tenant, agree)
            .await
            .unwrap();
    }

    async fn told_of_employees(&self) -> Told {
        let page = || Page::parse(200, "", &"", &mut Violations::default()).unwrap();
        let (groups, _) = commands::employee::groups(&self.db, &self.tenant, None, &page())
            .await
            .unwrap();
        let mut told = Told::new();
        for group in groups {
            let id = group.report_group_id;
            let (reports, _) = commands::employee::reports(&self.db, &self.tenant, id, &page())
                .await
                .unwrap();
            told.push((group, reports));
        }
        told
    }

    /// Moves the time to the coming midnight and lets the release happen.
    async fn sleep_over(&self) {
        let today = self.db.clock().now().date_naive();
        let midnight = today.succ_opt().unwrap().and_hms_opt(0, 0, 0).unwrap();
        self.advance_to(midnight.and_utc()).await;
    }
}

#[tokio::test]
async fn four_are_never_told_of_and_the_fifth_not_before_the_day_is_over() {
    let bench = Bench::at(MORNING).await;
    for employee in ["e-1", "e-2", "e-3", "e-4", "e-4", "e-4"] {
        bench.report(employee, "north", FORM).await;
    }
    bench.sleep_over().await;
    assert!(
        bench.told_of_employees().await.is_empty(),
        "one of the four was loud"
    );
    bench.report("e-5", "north", FORM).await;
    assert!(bench.told_of_employees().await.is_empty(), "the day is not over");
    bench.sleep_over().await;
    let told = bench.told_of_employees().await;
    let [(group, reports)] = told.as_slice() else {
        panic!("{} groups", told.len())
    };
    assert_eq!((group.reporters, reports.len()), (5, 7));
    assert_eq!(group.teams.0[0].team, "north");
    let events = bench.told::<pb::ReportGroupReleased>().await;
    assert_eq!(events.len(), 1);
    let known = bench
        .number("SELECT count(*) FROM feedback.employee_report WHERE tenant_id = $1 AND (reporter IS NOT NULL OR team IS NOT NULL)")
        .await;
    assert_eq!(known, 0, "who and which team are forgotten with the release");
}

#[tokio::test]
async fn agreements_count_each_employee_once_and_are_told_in_fives_at_midnight() {
    let bench = Bench::at(MORNING).await;
    for n in 0..5 {
        bench.report(&format!("e-{n}"), "", FORM).await;
    }
    bench.sleep_over().await;
    let group = bench.told_of_employees().await[0].0.report_group_id;
    for n in 0..4 {
        bench.agree(group, &format!("a-{n}")).await;
        bench.agree(group, &format!("a-{n}")).await;
    }
    bench.sleep_over().await;
    assert_eq!(bench.told_of_employees().await[0].0.agreements, 0, "four agree");
    for n in 4..7 {
        bench.agree(group, &format!("a-{n}")).await;
        assert_eq!(bench.told_of_employees().await[0].0.agreements, 0);
    }
    bench.sleep_over().await;
    assert_eq!(bench.told_of_employees().await[0].0.agreements, 5, "seven agree");
}

#[tokio::test]
async fn personal_data_is_not_kept_and_what_waits_in_vain_is_forgotten() {
    let bench = Bench::at(MORNING).await;
    bench
        .report("e-1", "", "Ask ada@example.com why the form confuses")
        .await;
    let named = "SELECT count(*) FROM feedback.employee_report WHERE tenant_id = $1 AND text LIKE '%ada@%'";
    assert_eq!(bench.number(named).await, 0);
    let waiting = "SELECT count(*) FROM feedback.employee_report WHERE tenant_id = $1";
    assert_eq!(bench.number(waiting).await, 1);
    bench.advance_to(instant("2026-08-30T00:00:00Z")).await;
    assert_eq!(bench.number(waiting).await, 0);
}

/// The teams, in the order of their names.
const TEAMS: [&str; 3] = ["", "north", "south"];

/// What one employee does: reports under a team, about one of two matters; and whether the day ends then.
type Step = (u8, usize, bool, bool);

/// An attacker looks after every step, at everything, and remembers all of it. Answers how many groups there were.
async fn attack(steps: &[Step]) -> Result<usize, TestCaseError> {
    let bench = Bench::at(MORNING).await;
    let mut truth: BTreeMap<String, (u8, usize)> = BTreeMap::new();
    let mut groups = 0;
    let mut before = format!("{:?}", bench.told_of_employees().await);
    for (place, (employee, team, other, ends)) in steps.iter().enumerate() {
        let matter = if *other { CANCELLED } else { FORM };
        let text = format!("{matter}, mark {place} of them");
        bench.report(&format!("e-{employee}"), TEAMS[*team], &text).await;
        truth.insert(text, (*employee, *team));
        let now = format!("{:?}", bench.told_of_employees().await);
        prop_assert_eq!(&before, &now, "a report within the day is seen");
        if *ends {
            bench.sleep_over().await;
            let told = bench.told_of_employees().await;
            check(&told, &truth)?;
            groups = told.len();
            before = format!("{told:?}");
        }
    }
    Ok(groups)
}

/// Holds what is told against what is true: groups are disjoint, and every part and rest of one has the floor.
fn check(told: &Told, truth: &BTreeMap<String, (u8, usize)>) -> Result<(), TestCaseError> {
    let mut seen = BTreeSet::new();
    for (group, reports) in told {
        let of: Vec<(u8, usize)> = reports.iter().map(|report| truth[&report.text]).collect();
        prop_assert!(
            reports
                .iter()
                .all(|report| seen.insert(report.employee_report_id))
        );
        let who: BTreeSet<u8> = of.iter().map(|(who, _)| *who).collect();
        prop_assert!(who.len() >= FLOOR, "{} employees are told of", who.len());
        let floor = i32::try_from(FLOOR).unwrap();
        let count = i32::try_from(who.len()).unwrap();
        prop_assert!(group.reporters % floor == 0 && (0..floor).contains(&(count - group.reporters)));
        prop_assert!(
            group
                .teams
                .iter()
                .all(|share| share.reporters >= floor && share.reporters % floor == 0)
        );
        // An employee who named several teams counts in the first of them.
        let mut home: BTreeMap<u8, usize> = BTreeMap::new();
        for (who, team) in of {
            let first = home.entry(who).or_insert(team);
            *first = team.min(*first);
        }
        let of_team = |team: &str| TEAMS.iter().position(|known| *known == team);
        let named: BTreeSet<usize> = group
            .teams
            .iter()
            .filter(|share| !share.team.is_empty())
            .filter_map(|share| of_team(&share.team))
            .collect();
        for team in &named {
            let inside = home.values().filter(|home| *home == team).count();
            prop_assert!(inside >= FLOOR, "a team with {} employees is named", inside);
        }
        let rest = home.values().filter(|home| !named.contains(*home)).count();
        prop_assert!(
            named.is_empty() || rest == 0 || rest >= FLOOR,
            "{} are left",
            rest
        );
    }
    Ok(())
}

#[test]
fn no_attacker_who_sees_everything_always_learns_what_fewer_than_five_said() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = Config {
        cases: 6,
        failure_persistence: None,
        ..Config::default()
    };
    let steps = prop::collection::vec(
        (0u8..14, 0usize..3, any::<bool>(), prop::bool::weighted(0.1)),
        40..70,
    );
    let released = std::cell::Cell::new(0);
    TestRunner::new(config)
        .run(&steps, |mut steps| {
            if let Some((.., ends)) = steps.last_mut() {
                *ends = true;
            }
            released.set(released.get() + runtime.block_on(attack(&steps))?);
            Ok(())
        })
        .unwrap();
    assert!(released.get() >= 6, "{} groups were released", released.get());
}
