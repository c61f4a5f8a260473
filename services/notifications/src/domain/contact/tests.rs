use super::*;
use crate::domain::contact::ledger::{Ledger, Wish};

fn now() -> DateTime<Utc> {
    "2026-03-02T08:00:00Z".parse().unwrap()
}

fn budget(most_contacts: i32) -> ContactBudget {
    ContactBudget {
        most_contacts,
        window_days: 7,
        ..ContactBudget::unlimited()
    }
}

/// One that was decided an hour before it was sent, or is under way since.
fn contact(decided_hours_ago: i64, sent: bool) -> Contact {
    let created_at = now() - TimeDelta::hours(decided_hours_ago);
    Contact {
        contact_id: Uuid::now_v7(),
        profile_id: Uuid::nil(),
        purpose: Purpose::FollowUp,
        origin_kind: "api".to_owned(),
        origin_id: String::new(),
        occasion: String::new(),
        message_id: Some(Uuid::nil()),
        created_at,
        expires_at: None,
        sent_at: sent.then(|| created_at + TimeDelta::hours(1)),
    }
}

fn allowance(most: i32, contacts: &[Contact]) -> Allowance {
    Allowance::of(&budget(most), &contacts.iter().collect::<Vec<_>>(), now())
}

#[test]
fn as_many_are_allowed_as_the_budget_says_and_no_budget_allows_all() {
    let two = [contact(30, true), contact(10, true)];
    assert!(allowance(3, &two).allows(Purpose::Survey));
    assert!(!allowance(2, &two).allows(Purpose::Survey));
    assert!(allowance(0, &two).allows(Purpose::Marketing));
}

#[test]
fn what_was_asked_for_is_never_held_back() {
    let full = allowance(1, &[contact(30, true)]);
    assert!(full.allows(Purpose::Service));
    for purpose in [Purpose::FollowUp, Purpose::Survey, Purpose::Marketing] {
        assert!(!full.allows(purpose));
    }
}

#[test]
fn the_next_is_free_when_enough_of_the_oldest_have_left() {
    let sent = |hours_ago: i64| now() - TimeDelta::hours(hours_ago - 1);
    let three = [contact(100, true), contact(50, true), contact(20, true)];
    assert_eq!(allowance(3, &three).free_at, Some(sent(100) + TimeDelta::days(7)));
    // Two more than the budget, as when it was lowered: two have to leave, and then one more.
    assert_eq!(allowance(1, &three).free_at, Some(sent(20) + TimeDelta::days(7)));
}

#[test]
fn one_that_is_under_way_for_longer_than_the_window_still_counts() {
    let stuck = allowance(1, &[contact(24 * 8, false)]);
    assert_eq!(stuck.free_at, Some(now() + LOOK_AGAIN));
}

#[test]
fn a_reservation_ends_and_a_message_that_took_it_does_not() {
    let mut reserved = contact(2, false);
    reserved.message_id = None;
    reserved.expires_at = Some(now());
    assert_eq!(reserved.state(now()), ContactState::Ended);
    assert_eq!(
        reserved.state(now() - TimeDelta::seconds(1)),
        ContactState::Reserved
    );
    assert_eq!(contact(2, false).state(now()), ContactState::UnderWay);
    assert_eq!(contact(2, true).state(now()), ContactState::Sent);
}

fn wish(occasion: &str, message_id: Option<Uuid>) -> Wish {
    Wish {
        contact_id: Uuid::now_v7(),
        profile_id: Uuid::nil(),
        purpose: Purpose::Survey,
        origin: Origin {
            kind: "survey".to_owned(),
            id: String::new(),
            occasion: occasion.to_owned(),
        },
        message_id,
    }
}

#[test]
fn a_message_takes_what_was_reserved_for_it_and_the_next_finds_nothing_left() {
    let mut ledger = Ledger::new(budget(1), Vec::new(), now());
    let reserved = ledger.charge(&wish("one", None)).contact.unwrap();
    assert_eq!(reserved.state(now()), ContactState::Reserved);
    assert!(ledger.charge(&wish("two", None)).contact.is_none());
    let message_id = Uuid::now_v7();
    let taken = ledger.charge(&wish("one", Some(message_id))).contact.unwrap();
    assert_eq!(
        (taken.contact_id, taken.state(now())),
        (reserved.contact_id, ContactState::UnderWay)
    );
    let again = ledger.charge(&wish("one", Some(message_id)));
    assert_eq!((again.contact.is_some(), again.allowance.used), (true, 0));
    assert_eq!(ledger.allowance(Uuid::nil()).used, 1);
    assert_eq!(ledger.into_changed().len(), 2, "made, and taken");
}

#[test]
fn a_budget_is_larger_by_its_contacts_by_its_window_and_without_a_limit() {
    let of = |most_contacts, window_days| ContactBudget {
        most_contacts,
        window_days,
        ..ContactBudget::unlimited()
    };
    let former = of(2, 7);
    for larger in [of(3, 7), of(2, 6), of(0, 7), of(3, 30), of(1, 1)] {
        assert!(larger.is_larger_than(&former), "{larger:?}");
    }
    for smaller in [of(2, 7), of(1, 7), of(2, 8)] {
        assert!(!smaller.is_larger_than(&former), "{smaller:?}");
    }
    assert!(!of(5, 1).is_larger_than(&of(0, 30)), "nothing waits for no limit");
}
