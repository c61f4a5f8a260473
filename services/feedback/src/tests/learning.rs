//! What a tenant's customers teach, and what becomes of it.

use attune_rpc::{Page, Reason, RequestKey, Violations};
use attune_stats::metric::AnswerScale;
use attune_timers::Worker;
use chrono::TimeDelta;
use uuid::Uuid;

use super::{Bench, instant, minutes, said};
use crate::commands;
use crate::commands::correction::Switch;
use crate::commands::understanding::{Explained, Subject};
use crate::domain::{Correction, CorrectionState, Draft, Rating, Sentiment};
use crate::timers::learn::Learn;

const NOON: &str = "2026-03-01T12:00:00Z";
/// Words of this company's customers that the model has never heard: so many that it cannot be right about all by
/// chance.
const SAD: [&str; 6] = ["grumfled", "snorbled", "quaxed", "blivvety", "trondled", "mizzed"];
const GLAD: [&str; 6] = ["fleemish", "zantic", "plorious", "wumbly", "dazzmet", "korvly"];
const BAD: &str = "the zorb is grumfled";

fn rated(text: &str, score: i64, minute: i64) -> Draft {
    Draft {
        channel: "survey".into(),
        rating: Some(Rating::parse(AnswerScale::Csat, score).unwrap()),
        ..said(text, "", instant(NOON) + minutes(minute))
    }
}

/// Half of them unhappy, in the company's own words.
fn lesson(count: i64, from: i64) -> Vec<Draft> {
    (from..from + count)
        .map(|i| {
            let word = usize::try_from(i / 2 % 6).unwrap();
            let (word, score) = if i % 2 == 0 {
                (SAD[word], 1)
            } else {
                (GLAD[word], 5)
            };
            rated(&format!("the zorb is {word}, number {i}"), score, i)
        })
        .collect()
}

async fn corrections(bench: &Bench) -> Vec<Correction> {
    let page = Page::parse(200, "", &"corrections", &mut Violations::default()).unwrap();
    commands::correction::list(&bench.db, &bench.tenant, &page)
        .await
        .unwrap()
        .0
}

/// Moves the time by a day and lets the tenant learn.
async fn a_day_later(bench: &Bench, days: i64) {
    bench.hand.advance_to(instant(NOON) + TimeDelta::days(days));
    let learn = Learn::new(bench.db.clone(), bench.reader.engines.clone());
    let worker = Worker::new(bench.db.clone(), learn);
    while worker.step().await.unwrap() > 0 {}
}

async fn engine_of(bench: &Bench, text: &str) -> (String, Option<Sentiment>) {
    let id = bench.submit_many(vec![said(text, "", instant(NOON))]).await[0].feedback_id;
    let feedback = commands::feedback::get(&bench.by_id(), &bench.tenant, id)
        .await
        .unwrap();
    let understood = feedback.understanding.unwrap();
    (understood.engine, understood.sentiment)
}

fn switch(correction: &Correction, request: Option<u128>) -> Switch {
    Switch {
        correction_id: correction.correction_id,
        key: RequestKey {
            method: "SwitchCorrection",
            request_id: request.map(Uuid::from_u128),
            hash: [2; 32],
        },
    }
}

async fn disable(bench: &Bench, correction: &Correction) -> Result<Correction, attune_rpc::Error> {
    Ok(commands::correction::disable(&bench.db, &bench.tenant, switch(correction, None)).await?)
}

async fn enable(bench: &Bench, correction: &Correction) -> Result<Correction, attune_rpc::Error> {
    let engines = &bench.reader.engines;
    Ok(commands::correction::enable(&bench.db, engines, &bench.tenant, switch(correction, None)).await?)
}

async fn explain(bench: &Bench, subject: Subject) -> Explained {
    commands::understanding::explain(&bench.db, &bench.reader, &bench.tenant, subject)
        .await
        .unwrap()
}

async fn taught() -> (Bench, Correction) {
    let bench = Bench::at(NOON).await;
    bench.submit_many(lesson(120, 0)).await;
    a_day_later(&bench, 1).await;
    let correction = corrections(&bench).await.remove(0);
    (bench, correction)
}

#[tokio::test]
async fn customers_teach_the_engine_their_words_and_what_was_scored_before_keeps_its_score() {
    let bench = Bench::at(NOON).await;
    bench.submit_many(lesson(120, 0)).await;
    let (before, _) = engine_of(&bench, BAD).await;
    assert!(!before.contains("correction"), "{before}");
    let untaught = right(&bench).await;
    a_day_later(&bench, 1).await;

    let learnt = corrections(&bench).await;
    assert_eq!(learnt.len(), 1);
    assert_eq!(
        (learnt[0].state, learnt[0].number, learnt[0].texts),
        (CorrectionState::Active, 1, 120),
        "{learnt:?}"
    );
    assert_eq!(learnt[0].judged, 120);
    assert!(learnt[0].set_right > learnt[0].spoilt + 10, "{learnt:?}");
    assert!(
        learnt[0].reason.starts_with("used: of 120 rated answers"),
        "{}",
        learnt[0].reason
    );

    assert_eq!(engine_of(&bench, BAD).await.0, format!("{before}+correction-1"));
    let taught = right(&bench).await;
    assert!(
        taught >= 10 && taught > untaught,
        "{untaught} of 12, then {taught}"
    );
    let kept =
        "SELECT count(*) FROM feedback.feedback WHERE tenant_id = $1 AND engine NOT LIKE '%correction%'";
    assert_eq!(bench.number(kept).await, 120 + 1 + 12);
    // Who was not taught is not corrected.
    let other = attune_rpc::TenantId::parse("other").unwrap();
    let mut tx = bench.db.read(&other).await.unwrap();
    assert_eq!(bench.reader.basis(&mut tx).await.unwrap().engine.version, before);
}

/// How many of the company's twelve words are understood.
async fn right(bench: &Bench) -> usize {
    let mut right = 0;
    for (words, meant) in [(SAD, Sentiment::Negative), (GLAD, Sentiment::Positive)] {
        for word in words {
            let (_, said) = engine_of(bench, &format!("the zorb is {word}")).await;
            right += usize::from(said == Some(meant));
        }
    }
    right
}

#[tokio::test]
async fn what_may_be_chance_is_recorded_and_not_used() {
    let bench = Bench::at(NOON).await;
    // The ratings have nothing to do with what is said.
    let noise = (0..80).map(|i| rated("boarding at gate twelve with my sister", 1 + 4 * (i / 3 % 2), i));
    bench.submit_many(noise.collect()).await;
    a_day_later(&bench, 1).await;
    let learnt = corrections(&bench).await;
    assert_eq!(learnt.len(), 1);
    assert_eq!(learnt[0].state, CorrectionState::Rejected);
    assert!(learnt[0].reason.contains("may be chance"), "{}", learnt[0].reason);
    assert!(learnt[0].activated_at.is_none() && !learnt[0].usable);
    let refused = enable(&bench, &learnt[0]).await.unwrap_err();
    assert_eq!(refused.reason(), Reason::WrongState);
}

#[tokio::test]
async fn too_few_answers_and_ratings_of_effort_teach_nothing() {
    let bench = Bench::at(NOON).await;
    bench.submit_many(lesson(49, 0)).await;
    let effort = |i| Draft {
        rating: Some(Rating::parse(AnswerScale::Ces, 1).unwrap()),
        ..rated(BAD, 1, i)
    };
    bench.submit_many((0..40).map(effort).collect()).await;
    a_day_later(&bench, 1).await;
    assert!(corrections(&bench).await.is_empty());
    bench.submit_many(lesson(1, 60)).await;
    a_day_later(&bench, 2).await;
    assert_eq!(corrections(&bench).await.len(), 1);
}

#[tokio::test]
async fn it_learns_anew_when_a_tenth_more_was_said_and_the_last_takes_the_place_of_the_first() {
    let (bench, first) = taught().await;
    bench.submit_many(lesson(5, 200)).await;
    a_day_later(&bench, 2).await;
    assert_eq!(corrections(&bench).await.len(), 1, "five of 125 are no tenth");
    bench.submit_many(lesson(20, 300)).await;
    a_day_later(&bench, 3).await;
    let now = corrections(&bench).await;
    assert_eq!(
        now.iter().map(|c| c.state).collect::<Vec<_>>(),
        [CorrectionState::Active, CorrectionState::Superseded]
    );
    assert_eq!(
        (now[1].correction_id, now[1].ended_at.is_some()),
        (first.correction_id, true)
    );
    assert!(engine_of(&bench, BAD).await.0.ends_with("+correction-2"));
}

#[tokio::test]
async fn what_is_switched_off_stays_off_until_somebody_switches_it_on() {
    let (bench, correction) = taught().await;
    let off = disable(&bench, &correction).await.unwrap();
    assert_eq!(
        (off.state, off.ended_at),
        (CorrectionState::Disabled, Some(bench.db.clock().now()))
    );
    assert_eq!(
        disable(&bench, &correction).await.unwrap(),
        off,
        "once more changes nothing"
    );
    assert!(!engine_of(&bench, BAD).await.0.contains("correction"));

    // A better one is learnt, and is not used by itself.
    bench.submit_many(lesson(60, 500)).await;
    a_day_later(&bench, 2).await;
    let later = corrections(&bench).await.remove(0);
    assert_eq!((later.number, later.state), (2, CorrectionState::Disabled));
    assert!(
        later.reason.contains("switched off on 2026-03-02"),
        "{}",
        later.reason
    );

    let on = enable(&bench, &later).await.unwrap();
    assert_eq!((on.state, on.ended_at), (CorrectionState::Active, None));
    assert_eq!(enable(&bench, &later).await.unwrap(), on);
    assert!(engine_of(&bench, BAD).await.0.ends_with("+correction-2"));
    // The first can be used again; one that is out of use cannot be switched off.
    assert_eq!(enable(&bench, &off).await.unwrap().state, CorrectionState::Active);
    let refused = disable(&bench, &later).await.unwrap_err();
    assert_eq!(refused.reason(), Reason::WrongState);
    bench.submit_many(lesson(60, 700)).await;
    a_day_later(&bench, 3).await;
    assert_eq!(corrections(&bench).await[0].state, CorrectionState::Active);
}

#[tokio::test]
async fn a_correction_of_an_earlier_model_is_not_used_and_is_learnt_anew() {
    let (bench, _) = taught().await;
    sqlx::query("UPDATE feedback.correction SET engine = 'builtin-ngram-0'")
        .execute(&bench.admin)
        .await
        .unwrap();
    let reader = crate::analysis::Reader::new(crate::analysis::Builtin::default());
    let mut tx = bench.db.read(&bench.tenant).await.unwrap();
    let engine = reader.basis(&mut tx).await.unwrap().engine;
    tx.commit().await.unwrap();
    assert!(!engine.version.contains("correction"), "{}", engine.version);
    a_day_later(&bench, 2).await;
    let now = corrections(&bench).await;
    assert_eq!((now[0].number, now[0].state), (2, CorrectionState::Active));
    assert_eq!(now[1].state, CorrectionState::Superseded);
}

#[tokio::test]
async fn a_text_is_explained_by_the_engine_that_scored_it() {
    let bench = Bench::at(NOON).await;
    bench.submit_many(lesson(120, 0)).await;
    let early = bench.submit_many(vec![said(BAD, "", instant(NOON))]).await[0].feedback_id;
    a_day_later(&bench, 1).await;
    let late = bench.submit_many(vec![said(BAD, "", instant(NOON))]).await[0].feedback_id;

    let early = explain(&bench, Subject::Feedback(early)).await;
    assert!(!early.explained_by.contains("correction") && !early.explanation.corrected);
    let late = explain(&bench, Subject::Feedback(late)).await;
    assert_eq!(late.explained_by, late.understanding.engine);
    assert!(late.explained_by.ends_with("+correction-1") && late.explanation.corrected);
    let told = crate::convert::understanding::explained(late);
    let word = told.words.iter().find(|word| word.words == "grumfled").unwrap();
    assert!(word.negative > word.positive, "{told:?}");
    assert!(told.explanation.contains("probability"), "{}", told.explanation);
    let now = explain(&bench, Subject::Text(BAD.into())).await;
    assert_eq!(now.understanding.engine, now.explained_by);
}

#[tokio::test]
async fn feedback_without_a_text_has_nothing_to_explain() {
    let bench = Bench::at(NOON).await;
    let id = bench.submit_many(vec![rated("", 1, 0)]).await[0].feedback_id;
    let explained =
        commands::understanding::explain(&bench.db, &bench.reader, &bench.tenant, Subject::Feedback(id))
            .await;
    let refused = attune_rpc::Error::from(explained.unwrap_err());
    assert_eq!(refused.reason(), Reason::WrongState);
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_leaves_nothing() {
    let bench = Bench::at(NOON).await;
    bench.submit_many(lesson(60, 0)).await;
    bench.hand.advance_to(instant(NOON) + TimeDelta::days(1));
    let learn = Learn::new(bench.db.clone(), bench.reader.engines.clone());
    // Its lease is over before it begins: somebody else may have taken it.
    let worker = Worker::new(bench.db.clone(), learn).with_longest_lease(Some(std::time::Duration::ZERO));
    let thief = Learn::new(bench.db.clone(), bench.reader.engines.clone());
    let thief = Worker::new(bench.db.clone(), thief);
    let (slow, fast) = tokio::join!(worker.step(), thief.step());
    assert!(slow.unwrap() + fast.unwrap() >= 1);
    while Worker::new(
        bench.db.clone(),
        Learn::new(bench.db.clone(), bench.reader.engines.clone()),
    )
    .step()
    .await
    .unwrap()
        > 0
    {}
    assert_eq!(corrections(&bench).await.len(), 1);
}
