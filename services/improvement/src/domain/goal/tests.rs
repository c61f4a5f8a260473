use attune_stats::MetricId;

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn measured(day: i64, value: f64, half: f64) -> Measured {
    let end = at("2026-01-01T00:00:00Z") + TimeDelta::days(day);
    Measured {
        start: end - TimeDelta::days(7),
        end,
        definition_version: 1,
        n: 500,
        outcome: Ok(Estimate {
            value,
            low: value - half,
            high: value + half,
        }),
        level: 0.95,
    }
}

fn draft(metric: MetricId, target: f64) -> GoalDraft {
    GoalDraft {
        name: "Happier".to_owned(),
        owner: "Ada".to_owned(),
        quantity: Quantity {
            metric,
            slice: Slice::default(),
            window_days: 7,
        },
        target,
        deadline: at("2026-03-01T00:00:00Z"),
        principle_ids: Vec::new(),
    }
}

fn goal(metric: MetricId, from: f64, target: f64) -> Goal {
    Goal::set(
        Uuid::now_v7(),
        draft(metric, target),
        measured(0, from, 0.02),
        at("2026-01-01T00:20:00Z"),
    )
    .unwrap()
}

/// Records `next` at its time.
fn record(goal: &mut Goal, before: &[Measured], next: Measured) -> Progress {
    let due = next.end;
    goal.record(next, before, due, due)
}

#[test]
fn a_goal_is_reached_when_the_number_is_there_and_certainly_better_than_before() {
    let mut higher = goal(MetricId::Csat, 0.86, 0.92);
    assert_eq!(
        record(&mut higher, &[], measured(1, 0.925, 0.02)),
        Progress::Reached
    );
    assert_eq!(higher.state, GoalState::Reached);
    assert!(higher.reason.contains("0.9250"), "{}", higher.reason);
    assert_eq!(higher.next_measurement(), None);

    let mut lower = goal(MetricId::TopicShare, 0.20, 0.10);
    assert_eq!(
        record(&mut lower, &[], measured(1, 0.11, 0.02)),
        Progress::Recorded
    );
    assert_eq!(
        record(&mut lower, &[], measured(2, 0.10, 0.02)),
        Progress::Reached
    );
}

#[test]
fn a_number_that_came_there_by_chance_is_no_success_even_at_the_deadline() {
    let mut goal = goal(MetricId::Csat, 0.86, 0.88);
    assert_eq!(
        record(&mut goal, &[], measured(1, 0.89, 0.04)),
        Progress::Recorded
    );
    let late = measured(59, 0.89, 0.04);
    assert_eq!(record(&mut goal, &[], late), Progress::Missed);
    assert!(goal.reason.contains("may be chance"), "{}", goal.reason);
}

#[test]
fn a_target_that_is_no_improvement_is_refused() {
    let set = |metric, from, target| {
        Goal::set(
            Uuid::now_v7(),
            draft(metric, target),
            measured(0, from, 0.02),
            at("2026-01-01T00:00:00Z"),
        )
    };
    assert!(set(MetricId::Csat, 0.93, 0.92).is_err());
    assert!(set(MetricId::TopicShare, 0.05, 0.10).is_err());
    assert!(set(MetricId::TopicShare, 0.20, 0.10).is_ok());
}

#[test]
fn an_alert_is_raised_once_and_taken_back_when_the_value_itself_gets_there() {
    let mut goal = goal(MetricId::Csat, 0.80, 0.90);
    goal.deadline = at("2026-05-01T00:00:00Z");
    let flat: Vec<_> = (0..=28).map(|day| measured(day, 0.80, 0.01)).collect();
    let mut told = Vec::new();
    for day in 1..=28 {
        told.push(record(&mut goal, &flat[..day], flat[day].clone()));
    }
    assert_eq!(
        told.iter()
            .filter(|told| **told == Progress::WentOffTrack)
            .count(),
        1,
        "{told:?}"
    );
    assert_eq!(goal.track, GoalTrack::OffTrack);
    let projection = goal.latest.projection.unwrap();
    assert!(
        projection.high < 0.90 && projection.windows >= 4,
        "{projection:?}"
    );

    // A steady rise: first the interval holds the target, then the line itself does.
    let mut before = flat;
    let mut back = None;
    for day in 29..=60 {
        let value = 0.80 + 0.002 * (day - 28) as f64;
        let next = measured(day, value, 0.01);
        if record(&mut goal, &before, next.clone()) == Progress::CameBackOnTrack {
            back = goal.latest.projection;
        }
        before.push(next);
    }
    let back = back.expect("it never came back");
    assert!(back.value >= 0.90, "{back:?}");
}

#[test]
fn numbers_of_another_definition_are_recorded_and_never_compared() {
    let mut goal = goal(MetricId::Csat, 0.86, 0.92);
    let redefined = Measured {
        definition_version: 2,
        ..measured(1, 0.99, 0.001)
    };
    assert_eq!(record(&mut goal, &[], redefined), Progress::Recorded);
    let reason = goal.latest.measured.outcome.clone().unwrap_err();
    assert!(reason.contains("version 2"), "{reason}");
    assert_eq!(goal.progress(&goal.latest.measured), None);
}

#[test]
fn progress_is_the_part_of_the_way_that_is_done() {
    let goal = goal(MetricId::TopicShare, 0.20, 0.10);
    let done = |value| goal.progress(&measured(1, value, 0.01)).unwrap();
    assert!((done(0.20) - 0.0).abs() < 1e-9);
    assert!((done(0.15) - 0.5).abs() < 1e-9);
    assert!((done(0.25) + 0.5).abs() < 1e-9, "it got worse");
}

#[test]
fn the_last_number_is_taken_at_the_deadline() {
    let mut goal = goal(MetricId::Csat, 0.86, 0.92);
    goal.deadline = at("2026-01-02T12:30:00Z");
    assert_eq!(goal.next_measurement(), Some(at("2026-01-02T00:00:00Z")));
    record(&mut goal, &[], measured(1, 0.87, 0.02));
    assert_eq!(goal.next_measurement(), Some(goal.deadline));
}
