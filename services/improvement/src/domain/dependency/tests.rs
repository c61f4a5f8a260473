use super::*;

fn action(title: &str, depends_on: &[&Action]) -> Action {
    Action {
        action_id: Uuid::now_v7(),
        title: title.to_owned(),
        owner: format!("owner of {title}"),
        due_at: None,
        completed_at: None,
        evidence: String::new(),
        escalation: 0,
        depends_on: depends_on.iter().map(|action| action.action_id).collect(),
    }
}

fn done(action: Action) -> Action {
    Action {
        completed_at: Some(chrono::DateTime::UNIX_EPOCH),
        ..action
    }
}

#[test]
fn a_circle_is_refused_by_its_names_however_long_it_is() {
    let build = action("Build", &[]);
    let test = action("Test", &[&build]);
    let ship = action("Ship", &[&test]);
    let actions = [build.clone(), test.clone(), ship.clone()];
    let on = |action: &Action, depends_on: &Action| {
        check_dependencies(&actions, action.action_id, &[depends_on.action_id])
    };
    assert_eq!(
        on(&build, &ship),
        Err("must not go round in a circle: \"Build\" → \"Ship\" → \"Test\" → \"Build\"".to_owned())
    );
    assert_eq!(
        on(&test, &test),
        Err("must not go round in a circle: \"Test\" → \"Test\"".to_owned())
    );
    assert_eq!(on(&ship, &build), Ok(()), "a short cut is no circle");

    let mut chain = vec![action(&"x".repeat(500), &[])];
    for _ in 1..100 {
        let next = action(&"y".repeat(500), &[&chain[chain.len() - 1]]);
        chain.push(next);
    }
    let (first, last) = (chain[0].action_id, chain[99].action_id);
    let refused = check_dependencies(&chain, first, &[last]).unwrap_err();
    assert!(refused.chars().count() <= 300, "{refused}");
    assert!(refused.contains("→ … →"), "{refused}");
}

#[test]
fn an_action_of_another_iteration_is_none_to_wait_for() {
    let build = action("Build", &[]);
    let foreign = Uuid::now_v7();
    let refused = check_dependencies(std::slice::from_ref(&build), build.action_id, &[foreign]).unwrap_err();
    assert!(refused.contains(&foreign.to_string()), "{refused}");
}

#[test]
fn who_holds_an_action_up_is_who_can_go_on() {
    let (plan, build) = (action("Plan", &[]), action("Build", &[]));
    let review = action("Review", &[&plan, &build]);
    let ship = action("Ship", &[&review]);
    let titles = |actions: &[Action]| -> Vec<String> {
        let mut titles: Vec<_> = held_up_by(actions, &ship)
            .into_iter()
            .map(|action| action.title.clone())
            .collect();
        titles.sort();
        titles
    };
    let mut actions = vec![plan, build, review, ship.clone()];
    assert_eq!(titles(&actions), ["Build", "Plan"]);
    actions[0] = done(actions[0].clone());
    assert_eq!(titles(&actions), ["Build"]);
    actions[1] = done(actions[1].clone());
    assert_eq!(titles(&actions), ["Review"]);
    actions[2] = done(actions[2].clone());
    assert!(titles(&actions).is_empty());
}

#[test]
fn what_is_not_done_before_is_named_with_who_does_it_and_not_without_end() {
    let before: Vec<Action> = (0..20)
        .map(|place| action(&format!("Part {place}"), &[]))
        .collect();
    let all = action("All", &before.iter().collect::<Vec<_>>());
    let named = open_before(&before, &all).unwrap();
    assert!(named.starts_with("\"Part 0\" (owner of Part 0), "), "{named}");
    assert!(named.ends_with(" and 15 more"), "{named}");
    let done: Vec<Action> = before.into_iter().map(done).collect();
    assert_eq!(open_before(&done, &all), None);
}
