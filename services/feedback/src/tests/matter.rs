//! First-contact resolution: who came again about what.

use attune_api::feedback::v1 as pb;
use attune_api::interactions::v1 as interactions;
use attune_events::{Consumer as _, Event};
use attune_rpc::timestamp;
use interactions::{Direction, Interaction, InteractionClosed, InteractionRecorded};
use prost::Name;

use super::*;
use crate::convert;
use crate::events::Matters;

/// When the first contact of most tests takes place; it is closed an hour later.
pub(super) const MONDAY: &str = "2026-03-02T09:00:00Z";
pub(super) const CLOSED: &str = "2026-03-02T10:00:00Z";
/// Long after everything.
pub(super) const LATER: &str = "2026-05-01T00:00:00Z";

pub(super) fn contact(person: Uuid, at: DateTime<Utc>) -> Interaction {
    Interaction {
        interaction_id: Uuid::now_v7().to_string(),
        profile_id: person.to_string(),
        channel: "phone".into(),
        direction: Direction::Inbound.into(),
        touchpoint: "support.call".into(),
        product: "North".into(),
        occurred_at: Some(timestamp(at)),
        ..Interaction::default()
    }
}

/// The contact of Monday, closed within it.
pub(super) fn matter(person: Uuid) -> Interaction {
    closed(contact(person, instant(MONDAY)), instant(CLOSED))
}

pub(super) fn closed(interaction: Interaction, at: DateTime<Utc>) -> Interaction {
    Interaction {
        closed_at: Some(timestamp(at)),
        ..interaction
    }
}

pub(super) fn after(closing: &str, days: i64, seconds: i64) -> DateTime<Utc> {
    instant(closing) + TimeDelta::days(days) + TimeDelta::seconds(seconds)
}

fn event<P: Message + Name>(payload: &P) -> Event {
    Event {
        position: 1,
        id: Uuid::now_v7(),
        source: "interactions".into(),
        type_name: P::full_name(),
        subject: Uuid::now_v7(),
        subject_version: 1,
        tenant: TenantId::parse("acme").unwrap(),
        time: instant(LATER),
        trace_context: None,
        data: payload.encode_to_vec().into(),
    }
}

pub(super) fn recorded(interaction: &Interaction) -> Event {
    event(&InteractionRecorded {
        interaction: Some(interaction.clone()),
    })
}

pub(super) fn told_closed(interaction: &Interaction) -> Event {
    event(&InteractionClosed {
        interaction: Some(interaction.clone()),
    })
}

pub(super) async fn hear_events(bench: &Bench, events: &[Event]) {
    let mut tx = bench.db.system(&bench.tenant).await.unwrap();
    Matters.handle_batch(&mut tx, events).await.unwrap();
    tx.commit().await.unwrap();
}

/// Hears interactions as they are told, those with a closing of both.
pub(super) async fn hear(bench: &Bench, told: &[Interaction]) {
    for interaction in told {
        let mut events = vec![recorded(interaction)];
        if interaction.closed_at.is_some() {
            events.push(told_closed(interaction));
        }
        hear_events(bench, &events).await;
    }
}

pub(super) fn question(slice: pb::Slice, start: &str, end: &str, step: pb::Step) -> pb::QueryMetricRequest {
    pb::QueryMetricRequest {
        metric: "first_contact_resolution".into(),
        slice: Some(slice),
        start: Some(timestamp(instant(start))),
        end: Some(timestamp(instant(end))),
        step: step.into(),
        taxonomy_version: None,
    }
}

pub(super) async fn ask(bench: &Bench, question: &pb::QueryMetricRequest) -> Vec<pb::MetricValue> {
    let (measure, version) = convert::metric::query(question).unwrap();
    let answered = commands::metric::query(&bench.db, &bench.tenant, &measure, version)
        .await
        .unwrap();
    convert::metric::answer_to_proto(answered).values
}

/// Of all matters: how many can be told of, how many of them were resolved, how many are pending.
async fn whole(bench: &Bench) -> (i64, i64, i64) {
    let everything = question(
        pb::Slice::default(),
        "2026-01-01T00:00:00Z",
        LATER,
        pb::Step::Unspecified,
    );
    let value = ask(bench, &everything).await.remove(0);
    (value.n, value.count, value.pending)
}

#[tokio::test]
async fn a_matter_is_resolved_unless_the_customer_comes_again_within_seven_days() {
    let bench = Bench::at(LATER).await;
    let [content, back, late] = [(); 3].map(|()| Uuid::now_v7());
    let told = [
        matter(content),
        matter(back),
        contact(back, after(CLOSED, 7, 0)),
        matter(late),
        contact(late, after(CLOSED, 7, 1)),
    ];
    hear(&bench, &told).await;
    assert_eq!(whole(&bench).await, (3, 2, 0));
}

#[tokio::test]
async fn the_same_matter_is_the_same_id_or_where_one_names_none_the_same_product() {
    let bench = Bench::at(LATER).await;
    let about = |matter_id: &str, product: &str, interaction: Interaction| Interaction {
        matter_id: matter_id.into(),
        product: product.into(),
        ..interaction
    };
    let (mut matters, mut resolved) = (0, 0);
    for (first, again, is_same) in [
        (("T-1", "North"), ("T-1", "North"), true),
        (("T-1", "North"), ("T-1", "South"), true),
        (("T-1", "North"), ("T-2", "North"), false),
        (("", "North"), ("", "North"), true),
        (("T-1", "North"), ("", "North"), true),
        (("", "North"), ("", "South"), false),
        (("T-1", "North"), ("", "South"), false),
    ] {
        let person = Uuid::now_v7();
        let told = [
            about(first.0, first.1, matter(person)),
            // On another channel: they come again all the same.
            Interaction {
                channel: "chat".into(),
                ..about(again.0, again.1, contact(person, after(CLOSED, 2, 0)))
            },
        ];
        hear(&bench, &told).await;
        matters += 1;
        resolved += i64::from(!is_same);
        assert_eq!(
            whole(&bench).await,
            (matters, resolved, 0),
            "{first:?} then {again:?}"
        );
    }
}

#[tokio::test]
async fn what_is_said_within_the_first_contact_belongs_to_it_and_chasing_an_open_matter_is_coming_again() {
    let bench = Bench::at(LATER).await;
    let ticket = |person| closed(contact(person, instant(MONDAY)), after(MONDAY, 4, 0));
    let (writes_more, chases) = (Uuid::now_v7(), Uuid::now_v7());
    let told = [
        ticket(writes_more),
        contact(writes_more, instant(MONDAY)),
        contact(writes_more, after(MONDAY, 1, 0)),
        ticket(chases),
        contact(chases, after(MONDAY, 1, 1)),
    ];
    hear(&bench, &told).await;
    assert_eq!(whole(&bench).await, (2, 1, 0));
}

#[tokio::test]
async fn a_contact_that_comes_again_opens_no_matter_of_its_own() {
    let bench = Bench::at(LATER).await;
    let person = Uuid::now_v7();
    let on_day = |day| {
        let at = after(MONDAY, day, 0);
        closed(contact(person, at), at + minutes(10))
    };
    // The third comes again after the second, and too late after the first; the fourth is about something new.
    hear(&bench, &[on_day(0), on_day(5), on_day(10), on_day(30)]).await;
    assert_eq!(whole(&bench).await, (2, 1, 0));
}

#[tokio::test]
async fn a_matter_is_pending_until_it_can_be_told_and_does_not_count_before_however_it_looks() {
    let bench = Bench::at("2026-03-05T12:00:00Z").await;
    let back = Uuid::now_v7();
    hear(
        &bench,
        &[
            matter(back),
            matter(Uuid::now_v7()),
            contact(back, after(CLOSED, 1, 0)),
        ],
    )
    .await;
    assert_eq!(whole(&bench).await, (0, 0, 2));
    let everything = question(
        pb::Slice::default(),
        MONDAY,
        "2026-03-05T12:00:00Z",
        pb::Step::Unspecified,
    );
    let reason = ask(&bench, &everything).await.remove(0).suppressed_reason;
    assert!(
        reason.contains("0 of at least 20") && reason.contains("of 2 more it cannot be told before 7 days"),
        "{reason}"
    );
    bench.hand.advance_to(after(CLOSED, 7, 3599));
    assert_eq!(whole(&bench).await, (0, 0, 2));
    bench.hand.advance_to(after(CLOSED, 7, 3600));
    assert_eq!(whole(&bench).await, (2, 1, 0));
}

#[tokio::test]
async fn what_is_heard_late_restates() {
    let bench = Bench::at(LATER).await;
    let person = Uuid::now_v7();
    let opening = contact(person, instant(MONDAY));
    let again = closed(contact(person, after(CLOSED, 3, 0)), after(CLOSED, 3, 60));
    hear(&bench, std::slice::from_ref(&again)).await;
    assert_eq!(whole(&bench).await, (1, 1, 0), "it looks like a first contact");
    hear(&bench, std::slice::from_ref(&opening)).await;
    assert_eq!(whole(&bench).await, (1, 1, 0), "the matter before is open");
    hear_events(&bench, &[told_closed(&closed(opening, instant(CLOSED)))]).await;
    assert_eq!(
        whole(&bench).await,
        (1, 0, 0),
        "it was one matter, and not resolved at once"
    );
    hear(&bench, &[contact(person, after(CLOSED, 4, 0)), again]).await;
    assert_eq!(
        whole(&bench).await,
        (1, 0, 0),
        "neither a third time nor a repetition changes it"
    );
}

#[tokio::test]
async fn only_known_customers_of_the_tenant_come_again_and_only_by_turning_to_the_company() {
    let bench = Bench::at(LATER).await;
    let person = Uuid::now_v7();
    let by = |direction: Direction| Interaction {
        direction: direction.into(),
        agent_id: "7".into(),
        matter_id: "T-1".into(),
        ..closed(contact(person, after(CLOSED, 1, 0)), after(CLOSED, 1, 0))
    };
    let nobody = || Interaction {
        profile_id: String::new(),
        ..matter(person)
    };
    let told = [
        matter(person),
        by(Direction::Outbound),
        by(Direction::SelfService),
        contact(Uuid::now_v7(), after(CLOSED, 1, 0)),
        nobody(),
        nobody(),
    ];
    hear(&bench, &told).await;
    let mut tx = bench
        .db
        .system(&TenantId::parse("globex").unwrap())
        .await
        .unwrap();
    let elsewhere = recorded(&contact(person, after(CLOSED, 1, 0)));
    Matters.handle_batch(&mut tx, &[elsewhere]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(whole(&bench).await, (1, 1, 0));
}

/// Matters of as many people, of whom so many come again.
async fn hear_many(bench: &Bench, product: &str, people: usize, back: usize) {
    let of = |interaction: Interaction| Interaction {
        product: product.into(),
        ..interaction
    };
    let mut events = Vec::new();
    for place in 0..people {
        let person = Uuid::now_v7();
        events.push(recorded(&of(matter(person))));
        if place < back {
            events.push(recorded(&of(contact(person, after(CLOSED, 1, 0)))));
        }
    }
    hear_events(bench, &events).await;
}

#[tokio::test]
async fn it_is_a_share_with_its_interval_that_can_be_sliced_and_compared() {
    let bench = Bench::at(LATER).await;
    hear_many(&bench, "North", 40, 8).await;
    hear_many(&bench, "South", 30, 15).await;
    let north = pb::Slice {
        product: "North".into(),
        channel: "phone".into(),
        touchpoint: "support.call".into(),
        ..pb::Slice::default()
    };
    let one = question(north.clone(), MONDAY, CLOSED, pb::Step::Unspecified);
    assert_eq!(ask(&bench, &one).await[0].n, 0, "they were closed after that");
    let one = question(north.clone(), CLOSED, "2026-03-02T11:00:00Z", pb::Step::Hour);
    let value = ask(&bench, &one).await.remove(0);
    assert_eq!((value.n, value.count, value.version), (40, 32, 1));
    // Wilson for 32 of 40: 0.6524 to 0.8950.
    let close = |a: Option<f64>, b: f64| a.is_some_and(|a| (a - b).abs() < 5e-5);
    assert!(
        close(value.value, 0.8) && close(value.low, 0.6524) && close(value.high, 0.8950),
        "{value:?}"
    );
    let compare = pb::CompareMetricRequest {
        metric: "first_contact_resolution".into(),
        slice: Some(north),
        start: Some(timestamp(instant(MONDAY))),
        end: Some(timestamp(instant(LATER))),
        groups: vec![pb::MetricGroup {
            slice: Some(pb::Slice {
                product: "South".into(),
                ..pb::Slice::default()
            }),
            start: Some(timestamp(instant(MONDAY))),
            end: Some(timestamp(instant(LATER))),
        }],
    };
    let contrast = convert::comparison::contrast(&compare).unwrap();
    let compared = commands::comparison::compare(&bench.db, &bench.tenant, contrast)
        .await
        .unwrap();
    let compared = convert::comparison::compared_to_proto(compared);
    let south = &compared.comparisons[0];
    assert!(close(south.difference, -0.3), "{south:?}");
    assert!(
        south.p_value.unwrap() < 0.01 && south.high.unwrap() < 0.0,
        "{south:?}"
    );
}
