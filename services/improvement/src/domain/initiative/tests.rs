use super::*;
use crate::domain::{Action, Decision, MeasurementPlan, Metric, Verdict};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn drafted(proposed: bool) -> Initiative {
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
        team: String::new(),
        budget: None,
        change: "rebooking".to_owned(),
        proposed,
    };
    Initiative::plan(
        Uuid::now_v7(),
        draft,
        "ada".to_owned(),
        at("2026-03-01T00:00:00Z"),
    )
}

fn initiative() -> Initiative {
    drafted(false)
}

/// A step that somebody takes.
fn step(reason: &str) -> Step {
    Step {
        by: "ada".to_owned(),
        reason: reason.to_owned(),
        at: at("2026-03-08T00:00:00Z"),
    }
}

fn by() -> String {
    "grace".to_owned()
}

/// The steps as they are recorded.
fn steps(initiative: &Initiative) -> Vec<(&'static str, &'static str, &str)> {
    let states = initiative.taken.iter();
    states
        .map(|step| {
            let from = step.from.map_or("", InitiativeState::as_str);
            (from, step.to.as_str(), step.by.as_str())
        })
        .collect()
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
        depends_on: Vec::new(),
    }
}

fn rolled_out() -> Initiative {
    let mut initiative = initiative();
    initiative.roll_out(None, rollout(), by()).unwrap();
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
            (by(), at("2026-03-09T00:00:00Z")),
        )
        .unwrap();
    initiative
        .roll_out(Some("rebooking, released".to_owned()), rollout(), by())
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
        .complete_action(action.action_id, "released".to_owned(), (by(), done))
        .unwrap();
    let again = initiative
        .complete_action(action.action_id, "again".to_owned(), (by(), done))
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
    assert!(initiative.stop(step("late")).is_err());
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
        initiative.roll_out(None, rollout(), by()).unwrap();
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
        initiative.stop(step("not worth it")).unwrap();
        initiative
    };
    for (mut initiative, state) in [(rolled_out(), "rolled_out"), (stopped(), "stopped")] {
        let refusals = [
            initiative.add_action(action()).unwrap_err(),
            initiative
                .complete_action(Uuid::now_v7(), String::new(), (by(), at("2026-03-09T00:00:00Z")))
                .unwrap_err(),
            initiative.check_rollout().unwrap_err(),
            initiative.roll_out(None, rollout(), by()).unwrap_err(),
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
    assert!(stopped().stop(step("again")).is_err());
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

#[test]
fn what_an_action_waits_for_is_done_first_and_begins_the_work() {
    let mut initiative = initiative();
    let first = action();
    let then = Action {
        title: "Send it".to_owned(),
        depends_on: vec![first.action_id],
        ..action()
    };
    initiative.add_action(first.clone()).unwrap();
    initiative.add_action(then.clone()).unwrap();
    let done = (by(), at("2026-03-09T00:00:00Z"));
    let early = initiative
        .complete_action(then.action_id, "sent".to_owned(), done.clone())
        .unwrap_err();
    assert!(early.message.contains("\"Write it\" (Ada)"), "{early}");
    assert_eq!(initiative.state, InitiativeState::Planned);

    initiative
        .complete_action(first.action_id, "written".to_owned(), done.clone())
        .unwrap();
    assert_eq!(initiative.state, InitiativeState::InProgress);
    let begun = &initiative.taken[1];
    assert_eq!(
        (begun.by.as_str(), begun.evidence.as_str()),
        ("grace", "\"Write it\": written")
    );
    initiative
        .set_dependencies(first.action_id, vec![then.action_id])
        .unwrap_err();
    initiative
        .complete_action(then.action_id, "sent".to_owned(), done)
        .unwrap();
    assert_eq!(initiative.taken.len(), 2, "the second action begins nothing");
}

#[test]
fn a_proposal_is_approved_before_anything_is_prepared() {
    let mut initiative = drafted(true);
    for refusal in [
        initiative.add_action(action()).unwrap_err(),
        initiative.start(step("now")).unwrap_err(),
        initiative.check_rollout().unwrap_err(),
    ] {
        assert!(refusal.message.contains("approve"), "{refusal}");
    }
    initiative.approve(step("worth a try")).unwrap();
    initiative.approve(step("again")).unwrap_err();
    initiative.start(step("the contract is signed")).unwrap();
    initiative.start(step("again")).unwrap_err();
    let mut declined = drafted(true);
    declined.stop(step("too dear")).unwrap();
    assert!(declined.is_declined());
    initiative.stop(step("too dear")).unwrap();
    assert!(
        !initiative.is_declined(),
        "it was approved before it was given up"
    );
    assert_eq!(
        steps(&initiative),
        [
            ("", "proposed", "ada"),
            ("proposed", "planned", "ada"),
            ("planned", "in_progress", "ada"),
            ("in_progress", "stopped", "ada")
        ]
    );
}

#[test]
fn every_step_is_recorded_in_order_with_the_look_that_decided() {
    let mut initiative = rolled_out();
    initiative.conclude(verdict(Decision::NotYet, 1)).unwrap();
    assert_eq!(initiative.state, InitiativeState::Measuring);
    assert!(initiative.measured().is_some());
    initiative.conclude(verdict(Decision::Ineffective, 2)).unwrap();
    initiative.roll_out(None, rollout(), by()).unwrap();
    initiative.conclude(verdict(Decision::Inconclusive, 1)).unwrap();
    initiative.stop(step("enough")).unwrap();
    let look = "service:improvement";
    assert_eq!(
        steps(&initiative),
        [
            ("", "planned", "ada"),
            ("planned", "rolled_out", "grace"),
            ("rolled_out", "measuring", look),
            ("measuring", "ineffective", look),
            ("ineffective", "planned", look),
            ("planned", "rolled_out", "grace"),
            ("rolled_out", "measuring", look),
            ("measuring", "planned", look),
            ("planned", "stopped", "ada")
        ]
    );
    let numbers: Vec<_> = initiative.taken.iter().map(|step| step.number).collect();
    assert_eq!(numbers, (1..=9).collect::<Vec<_>>());
    let iterations: Vec<_> = initiative.taken.iter().map(|step| step.iteration).collect();
    assert_eq!(iterations, [1, 1, 1, 1, 2, 2, 2, 3, 3]);
    assert!(initiative.taken[3].evidence.starts_with("look 2 of iteration 1"));
    assert_eq!(initiative.stopped_reason, "enough");
}
