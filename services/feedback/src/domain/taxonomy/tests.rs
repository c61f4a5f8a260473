use attune_text::TopicDefinition;

use super::*;
use crate::domain::TopicOrigin;

fn topic(id: &str, parent: &str, keyword: &str, examples: &[&str]) -> Topic {
    Topic {
        definition: TopicDefinition {
            id: id.into(),
            name: id.into(),
            keywords: vec![keyword.into()],
            examples: examples.iter().map(|&example| example.to_owned()).collect(),
        },
        parent_id: Some(parent.to_owned()).filter(|parent| !parent.is_empty()),
        rule: String::new(),
        group: false,
        archived_at: None,
        changed_version: 0,
        origin: TopicOrigin::Tenant,
    }
}

fn topics(all: &[(&str, &str)]) -> Topics {
    all.iter()
        .map(|&(id, parent)| (id.to_owned(), topic(id, parent, id, &[])))
        .collect()
}

fn direct(ids: &[&str]) -> BTreeMap<String, bool> {
    ids.iter().map(|&id| (id.to_owned(), true)).collect()
}

#[test]
fn topics_stand_one_below_the_other_and_never_in_a_circle() {
    let chain = [("a", ""), ("b", "a"), ("c", "b"), ("d", "c")];
    assert_eq!(check_place(&topics(&chain), "d"), Ok(()));
    assert_eq!(above(&topics(&chain), "d").collect::<Vec<_>>(), ["c", "b", "a"]);
    let five = [("a", ""), ("b", "a"), ("c", "b"), ("d", "c"), ("e", "d")];
    assert_eq!(check_place(&topics(&five), "e"), Err(Misplaced::TooDeep));
    // What stands below goes along.
    assert_eq!(
        check_place(
            &topics(&[("x", ""), ("a", "x"), ("b", "a"), ("c", "b"), ("d", "c")]),
            "a"
        ),
        Err(Misplaced::TooDeep)
    );
    let circle = topics(&[("a", "c"), ("b", "a"), ("c", "b")]);
    assert_eq!(check_place(&circle, "a"), Err(Misplaced::Circle));
    assert_eq!(check_place(&topics(&[("a", "a")]), "a"), Err(Misplaced::Circle));
    assert_eq!(
        check_place(&topics(&[("a", "gone")]), "a"),
        Err(Misplaced::NoParent)
    );
}

#[test]
fn what_has_topics_below_it_cannot_be_archived_nor_stand_above_once_it_is() {
    let mut both = topics(&[("a", ""), ("b", "a")]);
    both.get_mut("a").unwrap().archived_at = Some("2026-03-01T00:00:00Z".parse().unwrap());
    assert_eq!(check_place(&both, "a"), Err(Misplaced::HasBelow));
    assert_eq!(check_place(&both, "b"), Err(Misplaced::NoParent));
}

#[test]
fn a_change_affects_the_topic_and_those_above_it_alone() {
    let before = topics(&[("a", ""), ("b", "a"), ("c", ""), ("d", "b")]);
    let mut after = before.clone();
    after.insert("d".into(), topic("d", "b", "other", &[]));
    assert_eq!(effects(&before, &after, "d"), direct(&["a", "b", "d"]));
    // Renamed only.
    let mut named = before.clone();
    named.get_mut("d").unwrap().definition.name = "D".into();
    assert!(effects(&before, &named, "d").is_empty());
    // Moved: it is found as before, `a` stands above both places.
    let mut moved = before.clone();
    moved.get_mut("d").unwrap().parent_id = Some("a".into());
    assert_eq!(effects(&before, &moved, "d"), direct(&["b"]));
    moved.get_mut("d").unwrap().parent_id = Some("c".into());
    assert_eq!(effects(&before, &moved, "d"), direct(&["a", "b", "c"]));
}

#[test]
fn new_examples_touch_every_topic_that_has_some() {
    let mut before = topics(&[("a", ""), ("b", "a"), ("c", "")]);
    before.insert("b".into(), topic("b", "a", "b", &["the bag is gone"]));
    let mut after = before.clone();
    after.insert("new".into(), topic("new", "", "n", &["the card is late"]));
    let found = effects(&before, &after, "new");
    let expected = [("a", false), ("b", false), ("new", true)].map(|(id, direct)| (id.to_owned(), direct));
    assert_eq!(found, expected.into_iter().collect());
}

#[test]
fn a_version_codes_as_the_last_that_touched_the_topic() {
    let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    let lineage = Lineage(vec![
        (3, at("2026-03-01T10:30:00Z")),
        (7, at("2026-03-09T00:00:00Z")),
    ]);
    let any = at("2026-01-01T00:00:00Z");
    let codings = [0, 2, 3, 6, 7, 9].map(|version| lineage.coding_of(version, any));
    assert_eq!(codings, [0, 0, 3, 3, 7, 7]);
    assert_eq!(lineage.coding_of(UNRECORDED, at("2026-03-01T10:00:00Z")), 0);
    assert_eq!(lineage.coding_of(UNRECORDED, at("2026-03-01T11:00:00Z")), 3);
}
