use super::*;
use crate::domain::{MeasurementPlan, Metric};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn initiative() -> Initiative {
    let draft = Draft {
        issue_id: Uuid::now_v7(),
        title: "Rebook by itself".to_owned(),
        hypothesis: "If we rebook by ourselves, then fewer will complain".to_owned(),
        owner: "Ada".to_owned(),
        departments: Vec::new(),
        target: Target {
            metric: Metric::TopicShare,
            smallest_relative_effect: 0.3,
            deadline_days: 28,
        },
        comparison: None,
        principle_ids: Vec::new(),
        change: "rebooking".to_owned(),
    };
    Initiative::plan(Uuid::now_v7(), draft, at("2026-03-01T00:00:00Z"))
}

fn rollout() -> Rollout {
    let looks = vec![at("2026-03-17T00:00:00Z"), at("2026-04-07T00:00:00Z")];
    let plan = MeasurementPlan {
        looks,
        ..MeasurementPlan::default()
    };
    Rollout {
        at: at("2026-03-10T00:00:00Z"),
        plan,
        template_id: None,
        looks_done: 0,
        pilot_override: None,
    }
}

fn verdict(decision: Decision, look: i32) -> Verdict {
    Verdict {
        decision,
        effect: Some(-0.01),
        low: Some(-0.02),
        high: Some(0.0),
        relative_effect: Some(-0.1),
        level: 0.95,
        n_before: 100,
        n_after: 100,
        method: "before_after_forecast".to_owned(),
        reason: "the share is as it was".to_owned(),
        assumptions: Vec::new(),
        decided_at: at("2026-03-17T00:00:00Z"),
        look,
        comparison: None,
        restated: false,
    }
}

fn action() -> Action {
    Action {
        action_id: Uuid::now_v7(),
        title: "Write it".to_owned(),
        owner: "Ada".to_owned(),
        due_at: None,
        completed_at: None,
        evidence: String::new(),
        escalation: 0,
    }
}

fn rolled_out() -> Initiative {
    let mut initiative = initiative();
    initiative.roll_out(None, rollout()).unwrap();
    initiative
}

#[test]
fn a_rollout_needs_every_action_done() {
    let mut initiative = initiative();
    let action = action();
    initiative.add_action(action.clone()).unwrap();
    assert!(
        initiative
            .check_rollout()
            .unwrap_err()
            .message
            .contains("1 actions are not done")
    );

    initiative
        .complete_action(
            action.action_id,
            "released".to_owned(),
            at("2026-03-09T00:00:00Z"),
        )
        .unwrap();
    initiative
        .roll_out(Some("rebooking, released".to_owned()), rollout())
        .unwrap();
    assert_eq!(initiative.state, InitiativeState::RolledOut);
    assert_eq!(initiative.current.change, "rebooking, released");
}

#[test]
fn an_action_is_done_once() {
    let mut initiative = initiative();
    let action = action();
    initiative.add_action(action.clone()).unwrap();
    let done = at("2026-03-09T00:00:00Z");
    initiative
        .complete_action(action.action_id, "released".to_owned(), done)
        .unwrap();
    let again = initiative
        .complete_action(action.action_id, "again".to_owned(), done)
        .unwrap_err();
    assert!(again.message.contains("done already"), "{again}");
    assert_eq!(initiative.current.actions[0].evidence, "released");
}

#[test]
fn an_effective_verdict_ends_it() {
    let mut initiative = rolled_out();
    assert_eq!(
        initiative.conclude(verdict(Decision::Effective, 1)).unwrap(),
        Conclusion::Reached
    );
    assert_eq!(initiative.state, InitiativeState::Effective);
    assert!(initiative.stop("late".to_owned()).is_err());
    assert!(initiative.conclude(verdict(Decision::Effective, 2)).is_err());
}

#[test]
fn a_verdict_that_it_did_not_help_begins_the_next_iteration_with_the_reason() {
    for decision in [Decision::Ineffective, Decision::Inconclusive] {
        let mut initiative = rolled_out();
        let conclusion = initiative.conclude(verdict(decision, 2)).unwrap();
        assert!(
            matches!(&conclusion, Conclusion::Reopened { reason } if reason.contains("the share is as it was"))
        );
        assert_eq!(
            (initiative.state, initiative.current.number),
            (InitiativeState::Planned, 2)
        );
        assert!(initiative.current.reason.contains(decision.in_words()));
        assert_eq!(initiative.past[0].verdict.as_ref().unwrap().decision, decision);
        initiative.roll_out(None, rollout()).unwrap();
    }
}

#[test]
fn an_early_look_that_leaves_it_open_leads_to_the_next_one() {
    let mut initiative = rolled_out();
    assert_eq!(
        initiative.conclude(verdict(Decision::NotYet, 1)).unwrap(),
        Conclusion::Undecided
    );
    assert_eq!(
        initiative.measured().unwrap().next_look(),
        Some((2, at("2026-04-07T00:00:00Z")))
    );
}

#[test]
fn no_step_is_taken_from_the_wrong_state() {
    let stopped = || {
        let mut initiative = initiative();
        initiative.stop("not worth it".to_owned()).unwrap();
        initiative
    };
    for (mut initiative, state) in [(rolled_out(), "rolled_out"), (stopped(), "stopped")] {
        let refusals = [
            initiative.add_action(action()).unwrap_err(),
            initiative
                .complete_action(Uuid::now_v7(), String::new(), at("2026-03-09T00:00:00Z"))
                .unwrap_err(),
            initiative.check_rollout().unwrap_err(),
            initiative.roll_out(None, rollout()).unwrap_err(),
        ];
        for refusal in refusals {
            assert_eq!(refusal.state, state);
            assert!(
                refusal.message.contains(';'),
                "it does not say what to do: {refusal}"
            );
        }
    }
    assert_eq!(
        initiative()
            .conclude(verdict(Decision::Effective, 1))
            .unwrap_err()
            .state,
        "planned"
    );
    assert!(stopped().stop("again".to_owned()).is_err());
}

#[test]
fn a_target_that_is_being_measured_cannot_be_moved() {
    let easier = |target: Target| Change {
        target: Some(Target {
            smallest_relative_effect: 0.1,
            ..target
        }),
        ..Change::default()
    };
    let mut planned = initiative();
    assert!(planned.apply(easier(planned.target)).unwrap());

    let mut measured = rolled_out();
    assert!(
        measured
            .apply(easier(measured.target))
            .unwrap_err()
            .message
            .contains("target")
    );
    let same = Change {
        target: Some(measured.target),
        title: Some("New".to_owned()),
        ..Change::default()
    };
    assert!(measured.apply(same).unwrap());

    // Also while the second iteration is prepared: the first was measured against it.
    measured.conclude(verdict(Decision::Ineffective, 2)).unwrap();
    assert!(measured.apply(easier(measured.target)).is_err());
}

#[test]
fn a_change_of_nothing_keeps_the_version() {
    let mut initiative = initiative();
    let change = Change {
        title: Some(initiative.title.clone()),
        ..Change::default()
    };
    assert!(!initiative.apply(change).unwrap());
    assert_eq!(initiative.version, 1);
}
