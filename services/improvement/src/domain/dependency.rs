//! Which action has to be done before which.

use std::collections::{HashMap, HashSet, VecDeque};

use uuid::Uuid;

use super::Action;

/// The most actions that one depends on.
pub(crate) const MOST_DEPENDENCIES: usize = 20;
/// The most actions that a message names.
const MOST_NAMED: usize = 5;
/// The most characters of a title in a message.
const LONGEST_TITLE: usize = 36;

/// Refuses dependencies of an action on others than `actions`, those of its iteration, and circles; says why.
pub(crate) fn check_dependencies(
    actions: &[Action],
    action_id: Uuid,
    depends_on: &[Uuid],
) -> Result<(), String> {
    for on in depends_on {
        if *on != action_id && !actions.iter().any(|action| action.action_id == *on) {
            return Err(format!("{on} is not an action of the current iteration"));
        }
        if let Some(way) = way(actions, *on, action_id) {
            let around: Vec<&Action> = way.last().into_iter().chain(&way).copied().collect();
            return Err(format!("must not go round in a circle: {}", circle(&around)));
        }
    }
    Ok(())
}

/// The shortest way from an action along what it depends on to another, with both; `None` where there is none.
fn way(actions: &[Action], from: Uuid, to: Uuid) -> Option<Vec<&Action>> {
    let by_id: HashMap<Uuid, &Action> = actions.iter().map(|action| (action.action_id, action)).collect();
    let mut seen = HashSet::from([from]);
    let mut ways = VecDeque::from([vec![*by_id.get(&from)?]]);
    while let Some(way) = ways.pop_front() {
        let last = *way.last()?;
        if last.action_id == to {
            return Some(way);
        }
        for id in &last.depends_on {
            if let Some(next) = by_id.get(id).copied().filter(|_| seen.insert(*id)) {
                let mut longer = way.clone();
                longer.push(next);
                ways.push_back(longer);
            }
        }
    }
    None
}

/// The open actions that hold an action up and wait for nothing themselves, the one due first first. Empty when it can go
/// on.
pub(crate) fn held_up_by<'a>(actions: &'a [Action], action: &Action) -> Vec<&'a Action> {
    let open: HashMap<Uuid, &Action> = actions
        .iter()
        .filter(|action| action.completed_at.is_none())
        .map(|action| (action.action_id, action))
        .collect();
    let mut seen = HashSet::new();
    let mut ahead = action.depends_on.clone();
    let mut found = Vec::new();
    while let Some(id) = ahead.pop() {
        let Some(before) = open.get(&id).filter(|_| seen.insert(id)) else {
            continue;
        };
        if before.depends_on.iter().any(|id| open.contains_key(id)) {
            ahead.extend(&before.depends_on);
        } else {
            found.push(*before);
        }
    }
    found.sort_by_key(|action| action.due_order());
    found
}

/// The open actions that an action depends on itself, with who does them, in words; `None` when there are none.
pub(super) fn open_before(actions: &[Action], action: &Action) -> Option<String> {
    let open: Vec<String> = actions
        .iter()
        .filter(|before| before.completed_at.is_none() && action.depends_on.contains(&before.action_id))
        .map(|before| format!("{} ({})", title(before), shortened(&before.owner)))
        .collect();
    let more = match open.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let named: Vec<String> = open.into_iter().take(MOST_NAMED).collect();
    (!named.is_empty()).then(|| named.join(", ") + &more)
}

/// The actions of a circle in words, the first one again at the end.
fn circle(around: &[&Action]) -> String {
    let mut titles: Vec<String> = around.iter().map(|action| title(action)).collect();
    if titles.len() > MOST_NAMED + 1 {
        titles.drain(MOST_NAMED - 1..titles.len() - 1);
        titles.insert(MOST_NAMED - 1, "…".to_owned());
    }
    titles.join(" → ")
}

fn title(action: &Action) -> String {
    format!("\"{}\"", shortened(&action.title))
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= LONGEST_TITLE {
        return text.to_owned();
    }
    let kept: String = text.chars().take(LONGEST_TITLE - 1).collect();
    kept + "…"
}

#[cfg(test)]
mod tests;
