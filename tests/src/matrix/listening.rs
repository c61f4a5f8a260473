//! What the customers of a tenant of the matrix say, and how they are asked.

use attune_api::feedback::v1 as feedback;
use attune_api::notifications::v1 as notifications;
use attune_api::profiles::v1 as profiles;
use attune_testkit::Failure;
use chrono::{DateTime, TimeDelta, Utc};
use prost_types::Timestamp;

use super::World;
use super::world::text;

/// Hours of ordinary feedback before [`World::complain`] lets a problem appear, and complaints about it.
const QUIET: i64 = 21 * 24;
const COMPLAINTS: usize = 60;
/// Rated answers in words of the company's own: so many teach the engine something.
const ANSWERS: usize = 120;
/// The words: so many that the engine cannot be right about all of them by chance.
const SAD: [&str; 6] = ["grumfled", "snorbled", "quaxed", "blivvety", "trondled", "mizzed"];
const GLAD: [&str; 6] = ["fleemish", "zantic", "plorious", "wumbly", "dazzmet", "korvly"];

impl World {
    /// A published survey, and an invitation that was answered twice.
    pub(super) async fn ask(&mut self) -> Result<(), Failure> {
        let consent = profiles::SetConsentRequest {
            profile_id: self.known("profile_id")?.to_owned(),
            consent: Some(profiles::Consent {
                channel: profiles::MessageChannel::Email.into(),
                purpose: profiles::Purpose::Survey.into(),
                state: profiles::ConsentState::Granted.into(),
                source: "web.preferences".to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        };
        self.tenant.profiles().set_consent(consent).await?;
        let variant = notifications::TemplateVariant {
            language: "en".to_owned(),
            subject: format!("A question from {}", self.marker),
            body: "{{ link }}".to_owned(),
        };
        let template = notifications::Template {
            name: format!("survey {}", self.marker),
            purpose: profiles::Purpose::Survey.into(),
            variants: vec![variant],
            ..Default::default()
        };
        let template = notifications::CreateTemplateRequest {
            template: Some(template),
            ..Default::default()
        };
        let template = self
            .tenant
            .templates()
            .create_template(template)
            .await?
            .into_inner();
        let template = template.template.ok_or("no template")?;
        self.keep("survey_template_id", &template.template_id);
        for _ in 0..2 {
            let survey = self.call("CreateSurvey", &[]).await?;
            self.keep("survey_id", &text(&survey, "survey.survey_id")?);
            self.call("PublishSurvey", &[]).await?;
        }
        for _ in 0..2 {
            let profile = self.known("profile_id")?.to_owned();
            let invitation = self.call("Invite", &[("profile_id", &profile)]).await?;
            self.keep("invitation_id", &text(&invitation, "invitation.invitation_id")?);
        }
        Ok(())
    }

    /// What the company thinks of its agents.
    pub(super) async fn rate_itself(&mut self) -> Result<(), Failure> {
        self.call("RecordOwnRating", &[]).await?;
        let other = format!("other agent {}", self.marker);
        for _ in 0..2 {
            self.call("RecordOwnRating", &[("own_rating.agent_id", &other)])
                .await?;
        }
        Ok(())
    }

    /// Answers the invitation twice, once it was decided to ask.
    pub(super) async fn answer(&self) -> Result<(), Failure> {
        for _ in 0..2 {
            self.call("SubmitSurveyResponse", &[]).await?;
        }
        Ok(())
    }

    /// Lets customers rate and say why, in words that the engine has never heard.
    pub(super) async fn teach(&self) -> Result<(), Failure> {
        let answer = |place: usize| {
            let (words, value) = if place.is_multiple_of(2) {
                (SAD, 1)
            } else {
                (GLAD, 5)
            };
            let word = words[place / 2 % words.len()];
            feedback::Feedback {
                channel: "survey".to_owned(),
                text: format!("the zorb valve is {word}, {}", self.marker),
                rating: Some(feedback::Rating {
                    kind: feedback::RatingKind::Csat.into(),
                    value,
                }),
                occurred_at: Some(at(self.now - TimeDelta::minutes(90))),
                ..Default::default()
            }
        };
        self.submit((0..ANSWERS).map(answer).collect()).await
    }

    pub(super) async fn look_up_what_was_understood(&mut self) -> Result<(), Failure> {
        let (mut themes, mut understanding) = (self.tenant.themes(), self.tenant.understanding());
        let themes = themes
            .list_themes(feedback::ListThemesRequest::default())
            .await?
            .into_inner();
        let theme = themes.themes.into_iter().next().ok_or("no theme was found")?;
        self.keep("theme_id", &theme.theme_id);
        let corrections = understanding
            .list_corrections(feedback::ListCorrectionsRequest::default())
            .await?
            .into_inner();
        let correction = corrections
            .corrections
            .into_iter()
            .next()
            .ok_or("nothing was learnt")?;
        self.keep("correction_id", &correction.correction_id);
        Ok(())
    }

    /// Lets three ordinary weeks and then a storm of complaints be said; the platform's next look finds it.
    pub async fn complain(&self) -> Result<(), Failure> {
        let said = |place: usize, occurred_at: DateTime<Utc>, complaint: bool| feedback::Feedback {
            channel: "social".to_owned(),
            product: format!("South {}", self.marker),
            text: if complaint {
                format!("Flight {place} was cancelled and nobody told me, {}", self.marker)
            } else {
                format!(
                    "Thank you for trip {place}, the crew was friendly, {}",
                    self.marker
                )
            },
            occurred_at: Some(at(occurred_at)),
            ..Default::default()
        };
        let ordinary = (1..QUIET).map(|hour| said(0, self.now - TimeDelta::hours(hour), hour % 40 == 0));
        let storm = (0..COMPLAINTS).map(|place| said(place, self.now - TimeDelta::minutes(10), true));
        self.submit(ordinary.chain(storm).collect()).await
    }

    pub(super) async fn submit(&self, all: Vec<feedback::Feedback>) -> Result<(), Failure> {
        let requests: Vec<_> = all
            .chunks(500)
            .map(|part| feedback::SubmitFeedbackStreamRequest {
                feedback: part.to_vec(),
            })
            .collect();
        let answers = self
            .tenant
            .feedback()
            .submit_feedback_stream(futures::stream::iter(requests))
            .await?;
        let mut answers = answers.into_inner();
        while let Some(answer) = answers.message().await? {
            if let Some(problem) = answer.results.iter().flat_map(|result| &result.problems).next() {
                return Err(format!("{}: {}", problem.field, problem.description).into());
            }
        }
        Ok(())
    }

    /// Looks up the hot issue that came of [`complain`](Self::complain).
    pub async fn find_hot_issue(&mut self) -> Result<(), Failure> {
        let listed = self
            .tenant
            .hot_issues()
            .list_hot_issues(feedback::ListHotIssuesRequest::default())
            .await?;
        let hot = listed
            .into_inner()
            .hot_issues
            .into_iter()
            .next()
            .ok_or("the storm was not found")?;
        self.keep("hot_issue_id", &hot.hot_issue_id);
        Ok(())
    }
}

fn at(instant: DateTime<Utc>) -> Timestamp {
    Timestamp {
        seconds: instant.timestamp(),
        nanos: 0,
    }
}
