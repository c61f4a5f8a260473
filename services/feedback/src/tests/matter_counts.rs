//! The counts of matters are those of a recount by the definition, whatever is heard in which order.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};

use attune_api::feedback::v1 as pb;
use attune_api::interactions::v1::{Direction, Interaction, JourneyStage};
use attune_events::Event;
use attune_rpc::timestamp;
use proptest::prelude::*;

use super::matter::{ask, contact, hear_events, question, recorded, told_closed};
use super::*;
use crate::analysis::Understood;
use crate::domain::Grain;

/// One thing that happens, in minutes from the beginning.
#[derive(Clone, Debug)]
struct Happens {
    id: Uuid,
    person: Option<Uuid>,
    inbound: bool,
    matter: &'static str,
    product: &'static str,
    channel: &'static str,
    agent: &'static str,
    stage: JourneyStage,
    /// Empty where nothing was written down.
    text: &'static str,
    at: i64,
    closed_at: Option<i64>,
}

/// What one of the subscriptions is told.
#[derive(Clone, Debug)]
enum Told {
    Interaction(Event),
    Text(Draft),
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
        (
            prop::sample::select(vec!["", "7", "8"]),
            prop::sample::select(vec![JourneyStage::Unspecified, JourneyStage::Retention]),
            prop::sample::select(vec!["", CANCELLED, LATE, PLAIN]),
        ),
        0..28 * DAY,
        prop::option::weighted(0.7, prop_oneof![0..90_i64, 0..12 * DAY]),
    )
        .prop_map(
            |(person, inbound, matter, product, channel, (agent, stage, text), at, open_for)| Happens {
                id: Uuid::now_v7(),
                person,
                inbound,
                matter,
                product,
                channel,
                // Who replies has a name.
                agent: if inbound { agent } else { "7" },
                stage,
                text: if inbound { text } else { "" },
                at,
                closed_at: open_for.map(|minutes| at + minutes),
            },
        )
}

impl Happens {
    fn instant(minutes_from_beginning: i64) -> DateTime<Utc> {
        instant(BEGINNING) + minutes(minutes_from_beginning)
    }

    /// What is told of it: with the closing or before it, and the closing; and what was said in it.
    fn told(&self, with_closing: bool) -> Vec<Told> {
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
            agent_id: self.agent.into(),
            stage: self.stage.into(),
            closed_at,
            ..contact(Uuid::nil(), Self::instant(self.at))
        };
        let open = Interaction {
            closed_at: None,
            ..over.clone()
        };
        let first = recorded(if with_closing { &over } else { &open });
        let closing = closed_at.map(|_| Told::Interaction(told_closed(&over)));
        let text = (!self.text.is_empty()).then(|| Told::Text(self.draft()));
        let first = std::iter::once(Told::Interaction(first));
        first.chain(closing).chain(text).collect()
    }

    /// What was said in it.
    fn draft(&self) -> Draft {
        Draft {
            origin: Origin::Interaction,
            interaction_id: Some(self.id),
            profile_id: self.person,
            ..said(self.text, self.product, Self::instant(self.at))
        }
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

/// By grain, beginning, product, channel, dimension (empty for the counts of all matters) and what of it.
type Rows = BTreeMap<(String, DateTime<Utc>, String, String, String, String), (i64, i64)>;

/// What the engine understands of each text.
type Meanings = HashMap<&'static str, Understood>;

async fn meanings(bench: &Bench) -> Meanings {
    let texts = [CANCELLED, LATE, PLAIN];
    let drafts = texts.map(|text| said(text, "North", instant(BEGINNING)));
    let understood = commands::feedback::understand(&bench.db, &bench.reader, &bench.tenant, drafts.into());
    texts.into_iter().zip(understood.await.unwrap()).collect()
}

/// The rows that a matter counts in, for each grain.
fn dimensions(one: &Happens, meanings: &Meanings) -> Vec<(&'static str, String)> {
    let mut dimensions = vec![("", String::new()), ("any", String::new())];
    if !one.agent.is_empty() {
        dimensions.push(("agent", one.agent.to_owned()));
    }
    if one.stage != JourneyStage::Unspecified {
        dimensions.push(("stage", one.stage.as_str_name().to_owned()));
    }
    if let Some(understood) = meanings.get(one.text) {
        dimensions.push(("coding", understood.taxonomy_version.to_string()));
        let understanding = understood.understanding.as_ref().unwrap();
        let language = understanding.language.clone();
        dimensions.extend(language.map(|language| ("language", language)));
        let topics = understanding.topics.iter();
        dimensions.extend(topics.map(|mention| ("topic", mention.topic_id.clone())));
    }
    dimensions
}

fn recount(all: &[Happens], meanings: &Meanings) -> Rows {
    let mut rows = Rows::new();
    for (one, closed_at, again) in matters(all) {
        for (dimension, value) in dimensions(one, meanings) {
            for grain in [Grain::Hour, Grain::Day] {
                let key = (
                    grain.as_str().to_owned(),
                    grain.start_of(closed_at),
                    one.product.to_owned(),
                    one.channel.to_owned(),
                    dimension.to_owned(),
                    value.clone(),
                );
                let row = rows.entry(key).or_default();
                row.0 += 1;
                row.1 += i64::from(again);
            }
        }
    }
    rows
}

async fn kept(bench: &Bench) -> Rows {
    let rows = sqlx::query(
        "SELECT grain, start, product, channel, '', '', matters, came_again FROM feedback.matter_count
         WHERE tenant_id = $1 AND touchpoint = 'support.call' AND matters > 0
         UNION ALL
         SELECT grain, start, product, channel, dimension, value, matters, came_again FROM feedback.matter_slice_count
         WHERE tenant_id = $1 AND touchpoint = 'support.call' AND matters > 0",
    )
    .bind(bench.tenant.as_str())
    .fetch_all(&bench.admin)
    .await
    .unwrap();
    rows.iter()
        .map(|row| {
            let key = (
                row.get(0),
                row.get(1),
                row.get(2),
                row.get(3),
                row.get(4),
                row.get(5),
            );
            (key, (row.get(6), row.get(7)))
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

/// What both subscriptions do with what they are told.
async fn take_in(bench: &Bench, told: &[Told]) {
    let (mut events, mut drafts) = (Vec::new(), Vec::new());
    for one in told {
        match one {
            Told::Interaction(event) => events.push(event.clone()),
            Told::Text(draft) => drafts.push(draft.clone()),
        }
    }
    if !events.is_empty() {
        hear_events(bench, &events).await;
    }
    bench.submit_many(drafts).await;
}

#[test]
fn kept_matters_are_those_of_a_recount_in_whatever_order_they_are_heard() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let bench = RefCell::new(runtime.block_on(Bench::at("2026-03-14T12:34:56Z")));
    let meanings = runtime.block_on(meanings(&bench.borrow()));
    let topics = |text| meanings[text].understanding.as_ref().unwrap().topics.clone();
    assert!(!topics(CANCELLED).is_empty() && topics(CANCELLED) != topics(PLAIN));
    let cases = Cell::new(0);
    let history = prop::collection::vec((happens(), any::<bool>()), 1..40).prop_flat_map(|told| {
        let all: Vec<Happens> = told.iter().map(|(one, _)| one.clone()).collect();
        let told = told
            .iter()
            .flat_map(|(one, with_closing)| one.told(*with_closing));
        let told: Vec<Told> = told.collect();
        (Just(all), Just(told).prop_shuffle(), 1_usize..30)
    });
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(24));
    let outcome = runner.run(&history, |(all, told, together)| {
        cases.set(cases.get() + 1);
        let mut bench = bench.borrow_mut();
        bench.tenant = TenantId::parse(&format!("case-{}", cases.get())).unwrap();
        let (rows, days) = runtime.block_on(async {
            for batch in told.chunks(together) {
                take_in(&bench, batch).await;
            }
            let year = question(
                pb::Slice::default(),
                "2025-04-01T00:00:00Z",
                "2026-04-01T00:00:00Z",
                pb::Step::Day,
            );
            (kept(&bench).await, ask(&bench, &year).await)
        });
        prop_assert_eq!(rows, recount(&all, &meanings));
        let shown: Vec<_> = days.iter().map(|day| (day.n, day.count, day.pending)).collect();
        prop_assert_eq!(shown, series(&all, &days, instant("2026-03-14T12:34:56Z")));
        Ok(())
    });
    outcome.unwrap();
}
