use attune_stats::metric::AnswerScale;

use super::*;
use crate::domain::{Draft, Origin, Rating, Sentiment, Understanding};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn feedback(rating: Option<(AnswerScale, i64)>, text: Option<(f64, f64)>) -> Feedback {
    let draft = Draft {
        origin: Origin::Submitted,
        profile_id: Some(Uuid::now_v7()),
        interaction_id: None,
        channel: "email".into(),
        touchpoint: "checkout".into(),
        product: "North".into(),
        agent_id: "agent 7".into(),
        team: String::new(),
        stage: String::new(),
        segments: Some(Vec::new()),
        rating: rating.map(|(scale, score)| Rating::parse(scale, score).unwrap()),
        text: String::new(),
        occurred_at: at("2026-03-02T08:00:00Z"),
        source_id: None,
    };
    let understood = |(score, probability): (f64, f64)| Understanding {
        engine: "model-1".into(),
        language: None,
        sentiment_score: score,
        sentiment: Some(if score < 0.0 {
            Sentiment::Negative
        } else {
            Sentiment::Positive
        }),
        sentiment_probability: probability,
        topics: Vec::new(),
    };
    Feedback {
        feedback_id: Uuid::now_v7(),
        draft,
        understanding: text.map(understood),
        taxonomy_version: 0,
        sliced: true,
        created_at: at("2026-03-02T08:00:00Z"),
    }
}

fn opened(feedback: &Feedback, policy: &Policy) -> Option<RecoveryCase> {
    let numbered = NumberedPolicy {
        policy: Json(policy.clone()),
        ..NumberedPolicy::default_one()
    };
    RecoveryCase::of(feedback, &numbered, Uuid::now_v7(), at("2026-03-02T09:00:00Z"))
}

#[test]
fn the_worst_scores_and_the_strongest_texts_open_a_case_by_default() {
    let policy = Policy::default();
    for (scale, last_bad) in [
        (AnswerScale::Csat, 2),
        (AnswerScale::Nps, 6),
        (AnswerScale::Ces, 2),
    ] {
        assert!(
            opened(&feedback(Some((scale, last_bad)), None), &policy).is_some(),
            "{scale:?}"
        );
        assert!(
            opened(&feedback(Some((scale, last_bad + 1)), None), &policy).is_none(),
            "{scale:?}"
        );
    }
    assert!(opened(&feedback(None, Some((-0.6, 0.8))), &policy).is_some());
    for (score, probability) in [(-0.59, 0.9), (-0.9, 0.79), (0.9, 0.95)] {
        assert!(
            opened(&feedback(None, Some((score, probability))), &policy).is_none(),
            "{score} {probability}"
        );
    }
}

#[test]
fn a_policy_that_leaves_a_signal_out_opens_nothing_by_it() {
    let policy = Policy {
        csat_at_most: None,
        text: None,
        ..Policy::default()
    };
    assert!(
        opened(
            &feedback(Some((AnswerScale::Csat, 1)), Some((-1.0, 1.0))),
            &policy
        )
        .is_none()
    );
    assert!(opened(&feedback(Some((AnswerScale::Nps, 0)), None), &policy).is_some());
}

#[test]
fn nobody_unknown_and_nothing_old_has_a_case() {
    let policy = Policy::default();
    let mut unknown = feedback(Some((AnswerScale::Csat, 1)), None);
    unknown.draft.profile_id = None;
    assert!(opened(&unknown, &policy).is_none());
    let mut old = feedback(Some((AnswerScale::Csat, 1)), None);
    old.draft.occurred_at = at("2026-02-27T08:59:59Z");
    assert!(opened(&old, &policy).is_none(), "72 hours and a second before");
    old.draft.occurred_at = at("2026-02-27T09:00:00Z");
    assert!(opened(&old, &policy).is_some());
}

#[test]
fn the_first_assignment_that_fits_chooses_owner_and_deadline() {
    let team = Assignment {
        agent_ids: vec!["agent 7".into(), "agent 8".into()],
        touchpoints: vec!["checkout".into()],
        owner: "the shop's team".into(),
        deadline_hours: Some(4),
        ..Assignment::default()
    };
    let other = Assignment {
        products: vec!["South".into()],
        owner: "South".into(),
        ..Assignment::default()
    };
    let policy = Policy {
        assignments: vec![other, team],
        ..Policy::default()
    };
    let case = opened(&feedback(Some((AnswerScale::Csat, 1)), None), &policy).unwrap();
    assert_eq!(
        (case.owner.as_str(), case.record.assignment),
        ("the shop's team", 2)
    );
    assert_eq!(case.deadline, at("2026-03-02T13:00:00Z"));
    assert!(case.explanation().contains("CSAT answer 1 is at most 2"));
    let mut elsewhere = feedback(Some((AnswerScale::Csat, 1)), None);
    elsewhere.draft.touchpoint = "delivery".into();
    let case = opened(&elsewhere, &policy).unwrap();
    assert_eq!(
        (case.owner.as_str(), case.record.assignment),
        ("customer care", 0)
    );
    assert_eq!(case.deadline, at("2026-03-03T09:00:00Z"));
}

#[test]
fn an_occasion_is_the_interaction_else_the_answered_survey_else_the_source() {
    let mut said = feedback(None, None);
    let (interaction, invitation) = (Uuid::now_v7(), Uuid::now_v7());
    assert_eq!(occasion(&said), format!("feedback/{}", said.feedback_id));
    said.draft.source_id = Some("4711".into());
    assert_eq!(occasion(&said), "source/email/4711");
    said.draft.channel = crate::domain::survey::CHANNEL.into();
    for question in ["score", "nps"] {
        said.draft.source_id = Some(crate::domain::survey::source_id(invitation, question));
        assert_eq!(occasion(&said), format!("invitation/{invitation}"));
    }
    said.draft.interaction_id = Some(interaction);
    assert_eq!(occasion(&said), format!("interaction/{interaction}"));
}

#[test]
fn a_case_is_overdue_from_the_instant_of_its_deadline_whoever_looks_when() {
    let mut case = opened(&feedback(Some((AnswerScale::Csat, 1)), None), &Policy::default()).unwrap();
    let deadline = case.deadline;
    assert_eq!(case.overdue_since(deadline - TimeDelta::microseconds(1)), None);
    assert_eq!(case.overdue_since(deadline), Some(deadline));
    let resolution = Resolution {
        outcome: RecoveryOutcome::MadeGood,
        done: "called".into(),
        note: String::new(),
    };
    case.resolve(resolution, deadline + TimeDelta::days(3));
    assert_eq!(case.overdue_at, Some(deadline));
}

#[test]
fn the_first_words_after_the_resolution_tell_and_neutral_ones_do_not() {
    let tells = |rating, text| Evidence::of(&feedback(rating, text)).map(|evidence| evidence.result);
    let (yes, no) = (
        Some(RecoveryResult::Recovered),
        Some(RecoveryResult::NotRecovered),
    );
    for (scale, bad, good) in [
        (AnswerScale::Csat, 3, 4),
        (AnswerScale::Nps, 6, 7),
        (AnswerScale::Ces, 4, 5),
    ] {
        assert_eq!(
            tells(Some((scale, bad)), Some((0.9, 0.9))),
            no,
            "a score decides alone"
        );
        assert_eq!(
            tells(Some((scale, good)), Some((-0.9, 0.9))),
            yes,
            "a score decides alone"
        );
    }
    assert_eq!(tells(None, Some((0.9, 0.9))), yes);
    assert_eq!(tells(None, Some((-0.9, 0.9))), no);
    let mut neutral = feedback(None, Some((0.1, 0.5)));
    neutral.understanding.as_mut().unwrap().sentiment = Some(Sentiment::Neutral);
    assert_eq!(Evidence::of(&neutral), None);
}
