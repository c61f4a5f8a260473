//! First-contact resolution: who came again about what, whatever is heard in which order.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use attune_api::feedback::v1 as pb;
use attune_api::interactions::v1 as interactions;
use attune_events::{Consumer as _, Event};
use attune_rpc::timestamp;
use interactions::{Direction, Interaction, InteractionClosed, InteractionRecorded};
use proptest::prelude::*;
use prost::Name;

use super::*;
use crate::convert;
use crate::domain::Grain;
use crate::events::Matters;

/// When the first contact of most tests takes place; it is closed an hour later.
const MONDAY: &str = "2026-03-02T09:00:00Z";
const CLOSED: &str = "2026-03-02T10:00:00Z";
/// Long after everything.
const LATER: &str = "2026-05-01T00:00:00Z";

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
fn matter(person: Uuid) -> Interaction {
    closed(contact(person, instant(MONDAY)), instant(CLOSED))
}

fn closed(interaction: Interaction, at: DateTime<Utc>) -> Interaction {
    Interaction {
        closed_at: Some(timestamp(at)),
        ..interaction
    }
}

fn after(closing: &str, days: i64, seconds: i64) -> DateTime<Utc> {
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

fn recorded(interaction: &Interaction) -> Event {
    event(&InteractionRecorded {
        interaction: Some(interaction.clone()),
    })
}

fn told_closed(interaction: &Interaction) -> Event {
    event(&InteractionClosed {
        interaction: Some(interaction.clone()),
    })
}

async fn hear_events(bench: &Bench, events: &[Event]) {
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

fn question(slice: pb::Slice, start: &str, end: &str, step: pb::Step) -> pb::QueryMetricRequest {
    pb::QueryMetricRequest {
        metric: "first_contact_resolution".into(),
        slice: Some(slice),
        start: Some(timestamp(instant(start))),
        end: Some(timestamp(instant(end))),
        step: step.into(),
        taxonomy_version: None,
    }
}

async fn ask(bench: &Bench, question: &pb::QueryMetricRequest) -> Vec<pb::MetricValue> {
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
    let by_topic = pb::Slice {
        topic_id: "delay".into(),
        ..pb::Slice::default()
    };
    let refused = convert::metric::query(&question(by_topic, MONDAY, LATER, pb::Step::Day));
    assert!(format!("{:?}", refused.unwrap_err()).contains("slice.topic_id"));
}

/// One thing that happens, in minutes from the beginning.
#[derive(Clone, Debug)]
struct Happens {
    id: Uuid,
    person: Option<Uuid>,
    inbound: bool,
    matter: &'static str,
    product: &'static str,
    channel: &'static str,
    at: i64,
    closed_at: Option<i64>,
}

const BEGINNING: &str = "2026-02-20T05:20:00Z";
const DAY: i64 = 24 * 60;

fn happens() -> impl Strategy<Value = Happens> {
    (
        prop::option::weighted(0.9, (1_u128..4).prop_map(Uuid::from_u128)),
        prop::bool::weighted(0.85),
        prop::sample::select(vec!["", "", "A", "B"]),
        prop::sample::select(vec!["North", "South"]),
        prop::sample::select(vec!["phone", "chat"]),
        0..28 * DAY,
        prop::option::weighted(0.7, prop_oneof![0..90_i64, 0..12 * DAY]),
    )
        .prop_map(
            |(person, inbound, matter, product, channel, at, open_for)| Happens {
                id: Uuid::now_v7(),
                person,
                inbound,
                matter,
                product,
                channel,
                at,
                closed_at: open_for.map(|minutes| at + minutes),
            },
        )
}

impl Happens {
    fn instant(minutes_from_beginning: i64) -> DateTime<Utc> {
        instant(BEGINNING) + minutes(minutes_from_beginning)
    }

    /// What is told of it: with the closing or before it, and the closing.
    fn told(&self, with_closing: bool) -> Vec<Event> {
        let closed_at = self.closed_at.map(|at| timestamp(Self::instant(at)));
        let over = Interaction {
            interaction_id: self.id.to_string(),
            profile_id: self.person.map(|id| id.to_string()).unwrap_or_default(),
            direction: if self.inbound {
                Direction::Inbound
            } else {
                Direction::Outbound
            }
            .into(),
            matter_id: self.matter.into(),
            product: self.product.into(),
            channel: self.channel.into(),
            agent_id: "7".into(),
            closed_at,
            ..contact(Uuid::nil(), Self::instant(self.at))
        };
        let open = Interaction {
            closed_at: None,
            ..over.clone()
        };
        let first = recorded(if with_closing { &over } else { &open });
        let closing = closed_at.map(|_| told_closed(&over));
        std::iter::once(first).chain(closing).collect()
    }

    /// Whether `again` comes again after this: the definition, said once more.
    fn is_followed_by(&self, again: &Self) -> bool {
        let Some(closed_at) = self.closed_at else {
            return false;
        };
        let first_contact = if closed_at < self.at + DAY {
            closed_at
        } else {
            self.at + DAY
        };
        let same = if self.matter.is_empty() || again.matter.is_empty() {
            self.product == again.product
        } else {
            self.matter == again.matter
        };
        self.id != again.id
            && self.inbound
            && again.inbound
            && self.person.is_some()
            && self.person == again.person
            && same
            && first_contact < again.at
            && again.at <= closed_at + 7 * DAY
    }
}

/// The matters that count: when each was closed, and whether its customer came again.
fn matters(all: &[Happens]) -> Vec<(&Happens, DateTime<Utc>, bool)> {
    let counts = |one: &&Happens| {
        one.inbound && one.person.is_some() && !all.iter().any(|earlier| earlier.is_followed_by(one))
    };
    all.iter()
        .filter(counts)
        .filter_map(|one| {
            let again = all.iter().any(|other| one.is_followed_by(other));
            Some((one, Happens::instant(one.closed_at?), again))
        })
        .collect()
}

type Rows = BTreeMap<(String, DateTime<Utc>, String, String), (i64, i64)>;

fn recount(all: &[Happens]) -> Rows {
    let mut rows = Rows::new();
    for (one, closed_at, again) in matters(all) {
        for grain in [Grain::Hour, Grain::Day] {
            let key = (
                grain.as_str().to_owned(),
                grain.start_of(closed_at),
                one.product.to_owned(),
                one.channel.to_owned(),
            );
            let row = rows.entry(key).or_default();
            row.0 += 1;
            row.1 += i64::from(again);
        }
    }
    rows
}

async fn kept(bench: &Bench) -> Rows {
    let rows = sqlx::query(
        "SELECT grain, start, product, channel, matters, came_again FROM feedback.matter_count
         WHERE tenant_id = $1 AND touchpoint = 'support.call' AND matters > 0",
    )
    .bind(bench.tenant.as_str())
    .fetch_all(&bench.admin)
    .await
    .unwrap();
    rows.iter()
        .map(|row| {
            let key = (row.get(0), row.get(1), row.get(2), row.get(3));
            (key, (row.get(4), row.get(5)))
        })
        .collect()
}

/// What a year by day shows of each day at `now`: all that can be told, resolved, pending.
fn series(all: &[Happens], days: &[pb::MetricValue], now: DateTime<Utc>) -> Vec<(i64, i64, i64)> {
    let settled = Grain::Hour.start_of(now) - TimeDelta::days(7);
    let day = |value: &pb::MetricValue| {
        let mut sum = (0, 0, 0);
        for (_, closed_at, again) in matters(all) {
            if Some(timestamp(Grain::Day.start_of(closed_at))) != value.start {
                continue;
            }
            if closed_at < settled {
                sum.0 += 1;
                sum.1 += i64::from(!again);
            } else {
                sum.2 += 1;
            }
        }
        sum
    };
    days.iter().map(day).collect()
}

#[test]
fn kept_matters_are_those_of_a_recount_in_whatever_order_they_are_heard() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let bench = RefCell::new(runtime.block_on(Bench::at("2026-03-14T12:34:56Z")));
    let cases = Cell::new(0);
    let history = prop::collection::vec((happens(), any::<bool>()), 1..40).prop_flat_map(|told| {
        let all: Vec<Happens> = told.iter().map(|(one, _)| one.clone()).collect();
        let events = told
            .iter()
            .flat_map(|(one, with_closing)| one.told(*with_closing));
        let events: Vec<Event> = events.collect();
        (Just(all), Just(events).prop_shuffle(), 1_usize..30)
    });
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(24));
    let outcome = runner.run(&history, |(all, events, together)| {
        cases.set(cases.get() + 1);
        let mut bench = bench.borrow_mut();
        bench.tenant = TenantId::parse(&format!("case-{}", cases.get())).unwrap();
        let (rows, days) = runtime.block_on(async {
            for batch in events.chunks(together) {
                hear_events(&bench, batch).await;
            }
            let year = question(
                pb::Slice::default(),
                "2025-04-01T00:00:00Z",
                "2026-04-01T00:00:00Z",
                pb::Step::Day,
            );
            (kept(&bench).await, ask(&bench, &year).await)
        });
        prop_assert_eq!(rows, recount(&all));
        let shown: Vec<_> = days.iter().map(|day| (day.n, day.count, day.pending)).collect();
        prop_assert_eq!(shown, series(&all, &days, instant("2026-03-14T12:34:56Z")));
        Ok(())
    });
    outcome.unwrap();
}
