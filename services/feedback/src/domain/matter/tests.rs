//! What opens a matter, and where it counts.

use attune_stats::MetricId;

use super::*;
use crate::domain::Grain;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn contact(occurred_at: &str, closed_at: Option<&str>) -> MatterContact {
    MatterContact {
        interaction_id: Uuid::nil(),
        profile_id: Some(Uuid::nil()),
        direction: Direction::Inbound,
        matter_id: String::new(),
        product: "North".into(),
        channel: "phone".into(),
        touchpoint: String::new(),
        occurred_at: at(occurred_at),
        closed_at: closed_at.map(at),
        waited: None,
        handling: None,
        coding: None,
        came_again: false,
        is_repeat: false,
        sliced_as_again: None,
    }
}

#[test]
fn a_first_contact_lasts_until_the_closing_and_no_longer_than_a_day() {
    let call = contact("2026-03-01T10:00:00Z", Some("2026-03-01T10:20:00Z"));
    assert_eq!(
        call.again_between(),
        Some((at("2026-03-01T10:20:00Z"), at("2026-03-08T10:20:00Z")))
    );
    let ticket = contact("2026-03-01T10:00:00Z", Some("2026-03-11T12:00:00Z"));
    assert_eq!(
        ticket.again_between(),
        Some((at("2026-03-02T10:00:00Z"), at("2026-03-18T12:00:00Z")))
    );
    assert_eq!(contact("2026-03-01T10:00:00Z", None).again_between(), None);
}

#[test]
fn the_definition_that_is_shown_says_the_same_times() {
    let formula = MetricId::FirstContactResolution.definition().formula;
    assert!(formula.contains(&format!("{} days after the closing", SETTLES_AFTER.num_days())));
    assert!(formula.contains(&format!("at most {} hours", FIRST_CONTACT.num_hours())));
}

#[test]
fn a_matter_counts_in_the_hour_and_the_day_of_its_closing_and_a_repeated_one_does_not() {
    let over = contact("2026-03-01T10:00:00Z", Some("2026-03-02T11:30:00Z"));
    let again = MatterContact {
        came_again: true,
        ..over.clone()
    };
    let repeat = MatterContact {
        is_repeat: true,
        ..over.clone()
    };
    let open = contact("2026-03-01T10:00:00Z", None);
    let nobody = MatterContact {
        profile_id: None,
        ..over.clone()
    };
    let tally = MatterTally::of([&over, &again, &repeat, &open, &nobody]);
    let rows: Vec<_> = tally.rows.iter().map(|(key, sum)| (key.start, *sum)).collect();
    let both = MatterSum {
        matters: 2,
        came_again: 1,
    };
    assert_eq!(
        rows,
        [
            (at("2026-03-02T11:00:00Z"), both),
            (at("2026-03-02T00:00:00Z"), both)
        ]
    );
}

#[test]
fn a_matter_is_sliced_by_who_handled_it_and_by_what_its_text_is_about_where_that_is_known() {
    let over = contact("2026-03-01T10:00:00Z", Some("2026-03-02T11:30:00Z"));
    assert_eq!(over.counts_as_again(), None, "nobody knows who handled it");
    let handled = MatterContact {
        handling: Some(Handling {
            agent_id: "7".into(),
            stage: String::new(),
        }),
        coding: Some(MatterCoding {
            taxonomy_version: 3,
            language: "en".into(),
            topics: vec!["delay".into(), "travel".into()],
        }),
        came_again: true,
        ..over.clone()
    };
    let counted = MatterContact {
        sliced_as_again: handled.counts_as_again(),
        ..handled.clone()
    };
    let tally = MatterTally::of([&over, &handled, &counted]);
    let slices = tally.slices.keys().filter(|key| key.row.grain == Grain::Day);
    let slices: Vec<_> = slices.map(|key| (key.dimension, key.value.as_str())).collect();
    assert_eq!(
        slices,
        [
            (Dimension::Any, ""),
            (Dimension::Agent, "7"),
            (Dimension::Topic, "delay"),
            (Dimension::Topic, "travel"),
            (Dimension::Language, "en"),
            (Dimension::Coding, "3"),
        ],
        "no stage was said"
    );
    let once = MatterSum {
        matters: 1,
        came_again: 1,
    };
    assert!(tally.slices.values().all(|sum| *sum == once), "{tally:?}");
    let repeat = MatterContact {
        is_repeat: true,
        ..handled
    };
    assert_eq!(repeat.counts_as_again(), None);
}

#[test]
fn a_matter_is_old_enough_when_the_hour_of_its_closing_is() {
    assert_eq!(
        settled_before(at("2026-03-09T10:59:59Z")),
        at("2026-03-02T10:00:00Z")
    );
}
