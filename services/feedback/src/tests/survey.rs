use attune_rpc::RequestKey;
use chrono::TimeDelta;
use sqlx::types::Json;

use super::*;
use crate::commands::invitation::{self, Invite};
use crate::commands::response::{self, Submit};
use crate::domain::invitation::{Invitation, InvitationState, Occasion, Person, Reservation};
use crate::domain::survey::{
    Answer, Definition, Eligibility, Given, Kind, Question, Survey, SurveyState, Texts,
};
use crate::store;

const MORNING: &str = "2026-03-02T08:00:00Z";

fn key(method: &'static str) -> RequestKey {
    RequestKey {
        method,
        request_id: None,
        hash: [0; 32],
    }
}

pub(super) fn free() -> Eligibility {
    Eligibility {
        cool_down_days: 0,
        contact_budget: 0,
        sampling_share: 1.0,
        daily_quota: 0,
    }
}

fn question(id: &str, kind: Kind) -> Question {
    Question {
        id: id.to_owned(),
        kind,
        texts: Texts(vec![("en".to_owned(), id.to_owned())]),
        required: kind == Kind::Csat,
        options: Vec::new(),
        rows: Vec::new(),
        minimum: 0,
        maximum: 0,
        condition: String::new(),
    }
}

pub(super) fn definition(eligibility: Eligibility) -> Definition {
    Definition {
        titles: Texts(vec![("en".to_owned(), "How was it?".to_owned())]),
        questions: vec![question("score", Kind::Csat), question("text", Kind::Text)],
        triggers: Vec::new(),
        eligibility,
        template_id: Uuid::now_v7(),
        expiry_hours: 48,
        reminder_hours: Vec::new(),
    }
}

pub(super) fn given(score: i64, text: &str) -> Given {
    let text = Some(Answer::Text(text.to_owned())).filter(|_| !text.is_empty());
    Given::from([
        ("score".to_owned(), Some(Answer::Score(score))),
        ("text".to_owned(), text),
    ])
}

impl Bench {
    /// A survey that is asked now.
    pub(super) async fn published(&self, name: &str, eligibility: Eligibility) -> Survey {
        self.published_as(name, definition(eligibility)).await
    }

    /// The same with this definition.
    pub(super) async fn published_as(&self, name: &str, definition: Definition) -> Survey {
        let create = commands::survey::Create {
            name: name.to_owned(),
            definition,
            key: key("CreateSurvey"),
        };
        let mut survey = commands::survey::create(&self.db, &self.tenant, create)
            .await
            .unwrap();
        survey.state = SurveyState::Published;
        survey.published = Some(1);
        let mut tx = self.db.system(&self.tenant).await.unwrap();
        store::survey::update(&mut tx, &survey).await.unwrap();
        tx.commit().await.unwrap();
        survey
    }

    async fn occasion(&self, survey: &Survey, profile_id: Uuid, occasion: &str) -> Invitation {
        let invite = Invite {
            occasion: Occasion {
                survey_id: survey.survey_id,
                profile_id,
                occasion: occasion.to_owned(),
                interaction_id: None,
                touchpoint: "support.call".to_owned(),
                product: "North".to_owned(),
                agent_id: "7".to_owned(),
                team: "Phone".to_owned(),
                stage: "JOURNEY_STAGE_RETENTION".to_owned(),
                segments: vec!["gold".to_owned(), "new".to_owned()],
                cause: None,
            },
            key: key("Invite"),
        };
        invitation::invite(&self.db, &self.tenant, invite).await.unwrap()
    }

    /// Decides about an invitation, the person being willing.
    pub(super) async fn decide(&self, id: Uuid) -> Invitation {
        let person = Person {
            consent: Some(true),
            has_address: true,
            language: "en".to_owned(),
        };
        let mut tx = self.db.system(&self.tenant).await.unwrap();
        let held = store::invitation::lock(&mut tx, id).await.unwrap().unwrap();
        let reserved = Reservation {
            contact_id: Some(Uuid::now_v7()),
            used: 0,
            most: 0,
            days: 30,
        };
        invitation::decide(&mut tx, held, Some(&person), Some(&reserved))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        invitation::get(&self.db, &self.tenant, id).await.unwrap()
    }

    pub(super) async fn invited(&self, survey: &Survey) -> Invitation {
        let occasion = self.occasion(survey, Uuid::now_v7(), "order 1").await;
        self.decide(occasion.invitation_id).await
    }

    pub(super) async fn answer(
        &self,
        id: Uuid,
        given: Given,
        complete: bool,
    ) -> Result<Invitation, crate::error::Error> {
        let submit = Submit {
            invitation_id: id,
            given,
            complete,
            once: false,
            key: key("SubmitSurveyResponse"),
        };
        let answered = response::submit(&self.db, &self.reader, &self.tenant, submit).await;
        answered.map(|(_, invitation)| invitation)
    }

    /// Every count of the tenant, as text, without the rows that hold nothing.
    pub(super) async fn counts(&self) -> Vec<String> {
        sqlx::query_scalar(
            "SELECT concat_ws(' ', 'slice', grain, topic_id, start, feedback, judged, negative, non_positive,
                 mention_judged, mention_negative)
             FROM feedback.slice_count WHERE tenant_id = $1 AND feedback > 0
             UNION ALL SELECT concat_ws(' ', 'rating', grain, topic_id, scale, start, score, answers)
             FROM feedback.rating_count WHERE tenant_id = $1 AND answers > 0
             UNION ALL SELECT concat_ws(' ', 'mention', topic_id, start, product, mentions)
             FROM feedback.mention_count WHERE tenant_id = $1 AND mentions > 0
             UNION ALL SELECT concat_ws(' ', 'person', topic_id, start, product)
             FROM feedback.mention_person WHERE tenant_id = $1
             ORDER BY 1",
        )
        .bind(self.tenant.as_str())
        .fetch_all(&self.admin)
        .await
        .unwrap()
    }
}

#[tokio::test]
async fn the_last_complete_answer_counts_as_if_there_had_been_no_other() {
    let (corrected, once) = (Bench::at(MORNING).await, Bench::at(MORNING).await);
    for (bench, corrects) in [(&corrected, true), (&once, false)] {
        let survey = bench.published("After a call", free()).await;
        let invitation = bench.invited(&survey).await;
        let id = invitation.invitation_id;
        if corrects {
            bench.answer(id, given(1, CANCELLED), true).await.unwrap();
            assert!(
                !bench.counts().await.iter().all(|row| !row.starts_with("mention")),
                "it is counted at once"
            );
        }
        let answered = bench.answer(id, given(5, HAPPY), true).await.unwrap();
        assert_eq!(
            (answered.state, answered.feedback_ids.len()),
            (InvitationState::Answered, 1)
        );
    }
    assert_eq!(corrected.counts().await, once.counts().await);
    let kept = corrected
        .number("SELECT count(*) FROM feedback.survey_response WHERE tenant_id = $1")
        .await;
    assert_eq!(kept, 2, "both are kept");
}

#[tokio::test]
async fn taking_an_answer_back_leaves_what_the_person_said_elsewhere() {
    let bench = Bench::at(MORNING).await;
    let survey = bench.published("After a call", free()).await;
    let invitation = bench.invited(&survey).await;
    let elsewhere = by(invitation.profile_id, said(CANCELLED, "North", instant(MORNING)));
    bench.submit_many(vec![elsewhere]).await;
    let before: Vec<_> = bench
        .counts()
        .await
        .into_iter()
        .filter(|row| row.starts_with("mention"))
        .collect();
    assert!(!before.is_empty());
    bench
        .answer(invitation.invitation_id, given(1, CANCELLED), true)
        .await
        .unwrap();
    bench
        .answer(invitation.invitation_id, given(4, ""), true)
        .await
        .unwrap();
    let after: Vec<_> = bench
        .counts()
        .await
        .into_iter()
        .filter(|row| row.starts_with("mention"))
        .collect();
    assert_eq!(after, before);
}

#[tokio::test]
async fn answers_come_in_any_order_and_a_complete_one_lacks_nothing_that_is_required() {
    let bench = Bench::at(MORNING).await;
    let survey = bench.published("After a call", free()).await;
    let id = bench.invited(&survey).await.invitation_id;
    let text = Given::from([("text".to_owned(), Some(Answer::Text(HAPPY.to_owned())))]);
    let started = bench.answer(id, text.clone(), false).await.unwrap();
    assert_eq!(started.state, InvitationState::Started);
    let error = attune_rpc::Error::from(bench.answer(id, text, true).await.unwrap_err());
    assert!(error.message().contains("answers.score"), "{error}");
    let unknown = Given::from([("mood".to_owned(), Some(Answer::Score(1)))]);
    assert!(bench.answer(id, unknown, false).await.is_err());
    let score = Given::from([("score".to_owned(), Some(Answer::Score(5)))]);
    let answered = bench.answer(id, score, true).await.unwrap();
    let feedback = commands::feedback::get(&bench.by_id(), &bench.tenant, answered.feedback_ids[0])
        .await
        .unwrap();
    assert_eq!(
        (feedback.draft.text.as_str(), feedback.draft.agent_id.as_str()),
        (HAPPY, "7")
    );
    assert_eq!(
        (feedback.draft.team.as_str(), feedback.draft.stage.as_str()),
        ("Phone", "JOURNEY_STAGE_RETENTION"),
        "what the occasion says of who served is said of the answer"
    );
    let segments = feedback.draft.segments.unwrap();
    assert_eq!(segments, ["gold", "new"], "as the occasion names them");
}

#[tokio::test]
async fn of_the_answer_to_an_invitation_of_the_version_before_no_segments_are_recorded() {
    let bench = Bench::at(MORNING).await;
    let survey = bench.published("After a call", free()).await;
    let id = bench.invited(&survey).await.invitation_id;
    let before = "UPDATE feedback.invitation SET segments = NULL WHERE tenant_id = $1";
    super::counts::leave_behind(&bench, &[before]).await;
    let score = Given::from([("score".to_owned(), Some(Answer::Score(5)))]);
    bench.answer(id, score, true).await.unwrap();
    let unsliced = "SELECT sum(answers - segmented)::bigint FROM feedback.rating_count
                    WHERE tenant_id = $1 AND grain = 'day' AND topic_id = ''";
    assert_eq!(bench.number(unsliced).await, 1);
    assert_eq!(super::counts::differences(&bench).await, [0; 7]);
}

#[tokio::test]
async fn an_answer_belongs_to_the_version_it_was_asked_for() {
    let bench = Bench::at(MORNING).await;
    let survey = bench.published("After a call", free()).await;
    let id = bench.invited(&survey).await.invitation_id;
    let mut changed = definition(free());
    changed.questions = vec![question("other", Kind::Csat)];
    let update = commands::survey::Update {
        survey_id: survey.survey_id,
        name: "After a call".to_owned(),
        definition: changed,
        etag: String::new(),
        key: key("UpdateSurvey"),
    };
    let updated = commands::survey::update(&bench.db, &bench.tenant, update)
        .await
        .unwrap();
    assert_eq!((updated.number, updated.published), (2, Some(1)));
    bench.answer(id, given(5, ""), true).await.unwrap();
    let first = commands::survey::get(&bench.db, &bench.tenant, survey.survey_id, Some(1))
        .await
        .unwrap();
    assert_eq!(first.definition, Json(survey.definition.0));
}

#[tokio::test]
async fn of_two_occasions_at_the_same_moment_one_is_asked() {
    let bench = Bench::at(MORNING).await;
    let rules = Eligibility {
        cool_down_days: 30,
        ..free()
    };
    let (one, other) = (
        bench.published("one", rules).await,
        bench.published("other", rules).await,
    );
    for _ in 0..4 {
        let person = Uuid::now_v7();
        let first = bench.occasion(&one, person, "order 1").await.invitation_id;
        let second = bench.occasion(&other, person, "order 1").await.invitation_id;
        let (first, second) = tokio::join!(bench.decide(first), bench.decide(second));
        let states = [first.state, second.state];
        assert!(
            states.contains(&InvitationState::Invited) && states.contains(&InvitationState::Declined),
            "{states:?}"
        );
    }
}

#[tokio::test]
async fn a_quota_is_kept_by_decisions_at_the_same_moment() {
    let bench = Bench::at(MORNING).await;
    let survey = bench
        .published(
            "one",
            Eligibility {
                daily_quota: 3,
                ..free()
            },
        )
        .await;
    let mut ids = Vec::new();
    for _ in 0..8 {
        ids.push(
            bench
                .occasion(&survey, Uuid::now_v7(), "order 1")
                .await
                .invitation_id,
        );
    }
    let decided = futures::future::join_all(ids.iter().map(|id| bench.decide(*id))).await;
    let invited = decided
        .iter()
        .filter(|one| one.state == InvitationState::Invited)
        .count();
    assert_eq!(invited, 3);
    assert!(
        decided
            .iter()
            .all(|one| one.reason.is_empty() || one.reason == "quota")
    );
    bench.hand.advance_to(instant(MORNING) + TimeDelta::hours(25));
    assert_eq!(
        bench.invited(&survey).await.state,
        InvitationState::Invited,
        "a day later there is room"
    );
}

#[tokio::test]
async fn a_known_occasion_is_not_decided_again() {
    let bench = Bench::at(MORNING).await;
    let survey = bench.published("one", free()).await;
    let person = Uuid::now_v7();
    let first = bench.occasion(&survey, person, "order 1").await;
    bench.decide(first.invitation_id).await;
    let again = bench.occasion(&survey, person, "order 1").await;
    assert_eq!(
        (again.invitation_id, again.state),
        (first.invitation_id, InvitationState::Invited)
    );
}
