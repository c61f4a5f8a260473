//! First-contact resolution by who handled the contact and by what it was about.

use std::time::Duration;

use attune_api::feedback::v1 as pb;
use attune_api::interactions::v1::{Interaction, JourneyStage};
use attune_events::Consumer as _;
use attune_rpc::timestamp;

use super::matter::{
    CLOSED, LATER, MONDAY, after, ask, closed, contact, hear, hear_events, matter, question, recorded,
    told_closed,
};
use super::recoding::{recode, turn_around};
use super::*;
use crate::commands::record::record;
use crate::convert;
use crate::events::Matters;

/// How long anything may take that is bound to come.
const PATIENCE: Duration = Duration::from_secs(30);

fn agent(agent_id: &str) -> pb::Slice {
    pb::Slice {
        agent_id: agent_id.into(),
        ..pb::Slice::default()
    }
}

fn topic(topic_id: &str) -> pb::Slice {
    pb::Slice {
        topic_id: topic_id.into(),
        ..pb::Slice::default()
    }
}

async fn value(bench: &Bench, slice: pb::Slice) -> pb::MetricValue {
    let everything = question(slice, "2026-01-01T00:00:00Z", LATER, pb::Step::Unspecified);
    ask(bench, &everything).await.remove(0)
}

/// Of the matters of a slice: how many can be told of, and how many of them were resolved.
async fn counted(bench: &Bench, slice: pb::Slice) -> (i64, i64) {
    let value = value(bench, slice).await;
    (value.n, value.count)
}

/// What was said in a contact, as the other subscription takes it in.
fn words(text: &str, interaction: &Interaction) -> Draft {
    Draft {
        origin: Origin::Interaction,
        interaction_id: interaction.interaction_id.parse().ok(),
        profile_id: interaction.profile_id.parse().ok(),
        ..said(text, &interaction.product, instant(MONDAY))
    }
}

/// Contacts of as many people with one agent, of whom so many come again.
async fn hear_of(bench: &Bench, handled_by: &str, people: usize, back: usize) -> Vec<Interaction> {
    let mut openings = Vec::new();
    for place in 0..people {
        let person = Uuid::now_v7();
        let opening = Interaction {
            agent_id: handled_by.into(),
            stage: JourneyStage::Retention.into(),
            ..matter(person)
        };
        openings.push(opening);
        if place < back {
            // With somebody else: it is the first contact that did not settle the matter.
            let again = Interaction {
                agent_id: "9".into(),
                ..contact(person, after(CLOSED, 1, 0))
            };
            hear(bench, &[again]).await;
        }
    }
    hear(bench, &openings).await;
    openings
}

#[tokio::test]
async fn agents_and_stages_are_those_of_the_first_contact_and_are_compared() {
    let bench = Bench::at(LATER).await;
    hear_of(&bench, "7", 30, 3).await;
    hear_of(&bench, "8", 30, 15).await;
    assert_eq!(counted(&bench, agent("7")).await, (30, 27));
    assert_eq!(counted(&bench, agent("8")).await, (30, 15));
    assert_eq!(counted(&bench, agent("9")).await, (0, 0));
    let stage = |stage: JourneyStage| pb::Slice {
        stage: stage.into(),
        product: "North".into(),
        channel: "phone".into(),
        ..pb::Slice::default()
    };
    assert_eq!(counted(&bench, stage(JourneyStage::Retention)).await, (60, 42));
    assert_eq!(counted(&bench, stage(JourneyStage::Loyalty)).await, (0, 0));
    let unknown = value(&bench, agent("9")).await;
    assert!(unknown.value.is_none() && unknown.suppressed_reason.contains("0 of at least 20"));
    let group = |slice| pb::MetricGroup {
        slice: Some(slice),
        start: Some(timestamp(instant(MONDAY))),
        end: Some(timestamp(instant(LATER))),
    };
    let compare = pb::CompareMetricRequest {
        metric: "first_contact_resolution".into(),
        slice: Some(agent("7")),
        start: Some(timestamp(instant(MONDAY))),
        end: Some(timestamp(instant(LATER))),
        groups: vec![group(agent("8"))],
    };
    let contrast = convert::comparison::contrast(&compare).unwrap();
    let compared = commands::comparison::compare(&bench.db, &bench.tenant, contrast)
        .await
        .unwrap();
    let compared = convert::comparison::compared_to_proto(compared);
    let other = &compared.comparisons[0];
    assert!(
        other.p_value.unwrap() < 0.01 && other.high.unwrap() < 0.0,
        "{other:?}"
    );
}

#[tokio::test]
async fn topics_are_those_of_what_was_said_in_the_first_contact_heard_before_or_after_it() {
    let bench = Bench::at(LATER).await;
    let openings = hear_of(&bench, "7", 2, 1).await;
    let early = matter(Uuid::now_v7());
    bench.submit_many(vec![words(CANCELLED, &early)]).await;
    hear(&bench, std::slice::from_ref(&early)).await;
    assert_eq!(counted(&bench, topic("cancellation")).await, (1, 1));
    let late = openings.iter().map(|opening| words(CANCELLED, opening));
    bench.submit_many(late.collect()).await;
    assert_eq!(counted(&bench, topic("cancellation")).await, (3, 2));
    let english = pb::Slice {
        language: "EN".into(),
        ..pb::Slice::default()
    };
    assert_eq!(counted(&bench, english).await, (3, 2));
    // An answer about the contact is not what the contact was about.
    let silent = matter(Uuid::now_v7());
    hear(&bench, std::slice::from_ref(&silent)).await;
    let answer = Draft {
        origin: Origin::Submitted,
        ..words(CANCELLED, &silent)
    };
    bench.submit_many(vec![answer]).await;
    assert_eq!(counted(&bench, topic("cancellation")).await, (3, 2));
    assert_eq!(value(&bench, topic("cancellation")).await.unsliced, 0);
}

#[tokio::test]
async fn matters_move_between_topics_when_their_texts_are_recoded_and_the_answer_says_by_what_they_count() {
    let bench = Bench::at("2026-03-09T12:00:00Z").await;
    let [flight, gate] = [(); 2].map(|()| matter(Uuid::now_v7()));
    hear(&bench, &[flight.clone(), gate.clone()]).await;
    bench
        .submit_many(vec![words(CANCELLED, &flight), words(PLAIN, &gate)])
        .await;
    let of = async |topic_id: &str| {
        let everything = question(topic(topic_id), MONDAY, LATER, pb::Step::Day);
        let (measure, version) = convert::metric::query(&everything).unwrap();
        let answered = commands::metric::query(&bench.db, &bench.tenant, &measure, version).await;
        convert::metric::answer_to_proto(answered.unwrap())
    };
    let total = |answer: &pb::QueryMetricResponse| answer.values.iter().map(|value| value.n).sum::<i64>();
    let before = of("cancellation").await;
    assert_eq!(total(&before), 1);
    let coding = |answer: &pb::QueryMetricResponse| {
        let codings = &answer.taxonomy.as_ref().unwrap().codings;
        let codings = codings.iter().map(|coding| (coding.version, coding.feedback));
        codings.collect::<Vec<_>>()
    };
    assert_eq!(coding(&before), [(0, 2)]);
    turn_around(&bench).await;
    assert_eq!(total(&of("cancellation").await), 1, "nothing changes by itself");
    recode(&bench, None).await;
    let after = of("cancellation").await;
    assert_eq!(
        (total(&after), coding(&after)),
        (1, vec![(1, 2)]),
        "now it is the gate"
    );
    let about = "SELECT 'cancellation' = ANY(topics) FROM feedback.matter_contact
                 WHERE tenant_id = $1 AND interaction_id = $2";
    for (contact, mentions) in [(flight, false), (gate, true)] {
        let mentioned: bool = sqlx::query_scalar(about)
            .bind(bench.tenant.as_str())
            .bind(contact.interaction_id.parse::<Uuid>().unwrap())
            .fetch_one(&bench.admin)
            .await
            .unwrap();
        assert_eq!(mentioned, mentions);
    }
    let versioned = pb::QueryMetricRequest {
        taxonomy_version: Some(0),
        ..question(topic("cancellation"), MONDAY, LATER, pb::Step::Day)
    };
    let refused = convert::metric::query(&versioned).unwrap_err();
    assert!(format!("{refused:?}").contains("taxonomy_version"), "{refused:?}");
}

#[tokio::test]
async fn what_was_counted_before_there_were_slices_is_told_apart() {
    let bench = Bench::at(LATER).await;
    hear_of(&bench, "7", 3, 1).await;
    let open = contact(Uuid::now_v7(), instant(MONDAY));
    let open = Interaction {
        agent_id: "7".into(),
        ..open
    };
    hear(&bench, std::slice::from_ref(&open)).await;
    // As the version before left it.
    for statement in [
        "UPDATE feedback.matter_contact SET agent_id = NULL, stage = NULL, sliced_as_again = NULL",
        "DELETE FROM feedback.matter_slice_count",
    ] {
        sqlx::query(statement).execute(&bench.admin).await.unwrap();
    }
    let before = value(&bench, agent("7")).await;
    assert_eq!((before.n, before.pending, before.unsliced), (0, 0, 3));
    assert!(
        before.suppressed_reason.contains("of 3 more it is not recorded"),
        "{}",
        before.suppressed_reason
    );
    let all = value(&bench, pb::Slice::default()).await;
    assert_eq!((all.n, all.count, all.unsliced), (3, 2, 0));
    // What is closed from now on counts, whenever it began.
    hear_events(&bench, &[told_closed(&closed(open, instant(CLOSED)))]).await;
    hear_of(&bench, "7", 1, 1).await;
    let after = value(&bench, agent("7")).await;
    assert_eq!((after.n, after.count, after.unsliced), (2, 1, 3));
    // And the customer of an old matter who comes again moves it where it counts.
    let elsewhere = pb::Slice {
        product: "South".into(),
        ..agent("7")
    };
    assert_eq!(value(&bench, elsewhere).await.unsliced, 0);
}

#[tokio::test]
async fn a_contact_and_its_text_that_are_taken_in_at_the_same_moment_find_each_other() {
    let bench = Bench::at(LATER).await;
    let opening = matter(Uuid::now_v7());
    let mut tx = bench.db.system(&bench.tenant).await.unwrap();
    Matters
        .handle_batch(&mut tx, &[recorded(&opening)])
        .await
        .unwrap();
    let text = bench.submit_many(vec![words(CANCELLED, &opening)]);
    let (text, ()) = tokio::join!(tokio::time::timeout(PATIENCE, text), async {
        bench.waits_for_a_lock().await;
        tx.commit().await.unwrap();
    });
    text.unwrap();
    assert_eq!(counted(&bench, topic("cancellation")).await, (1, 1));

    let other = matter(Uuid::now_v7());
    let drafts = vec![words(CANCELLED, &other)];
    let understood = commands::feedback::understand(&bench.db, &bench.reader, &bench.tenant, drafts)
        .await
        .unwrap();
    let mut tx = bench.db.system(&bench.tenant).await.unwrap();
    record(&mut tx, understood).await.unwrap();
    let heard = hear(&bench, std::slice::from_ref(&other));
    let (heard, ()) = tokio::join!(tokio::time::timeout(PATIENCE, heard), async {
        bench.waits_for_a_lock().await;
        tx.commit().await.unwrap();
    });
    heard.unwrap();
    assert_eq!(counted(&bench, topic("cancellation")).await, (2, 2));
}
