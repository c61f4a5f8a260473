//! A tenant that has something of everything.

use std::collections::{BTreeMap, BTreeSet};

use attune_api::feedback::v1 as feedback;
use attune_api::improvement::v1 as improvement;
use attune_api::notifications::v1 as notifications;
use attune_api::profiles::v1 as profiles;
use attune_testkit::reflect::{self, Answer};
use attune_testkit::{Failure, Tenant, TestPlatform};
use chrono::{DateTime, TimeDelta, Utc};
use prost_reflect::{DynamicMessage, MethodDescriptor, Value};
use prost_types::Timestamp;
use tonic::Code;
use uuid::Uuid;

use super::{Caller, Path, Samples};

/// Hours of ordinary feedback before [`World::heat`] lets a problem appear, and complaints about it.
const QUIET: i64 = 21 * 24;
const COMPLAINTS: usize = 60;
/// Rated answers in words of the company's own: so many teach the engine something.
const ANSWERS: usize = 120;
/// The words: so many that the engine cannot be right about all of them by chance.
const SAD: [&str; 6] = ["grumfled", "snorbled", "quaxed", "blivvety", "trondled", "mizzed"];
const GLAD: [&str; 6] = ["fleemish", "zantic", "plorious", "wumbly", "dazzmet", "korvly"];

/// A tenant with profiles, interactions, feedback, a topic, a survey, a template, messages, issues with cohorts and
/// initiatives in every state that a method asks for. All its texts hold its marker.
#[derive(Clone, Debug)]
pub struct World {
    /// Somebody of the tenant who may do everything.
    pub tenant: Tenant,
    /// The tenant's id.
    pub name: String,
    /// A word that stands in all its texts and in nobody else's.
    pub marker: String,
    /// The platform's time when it was made.
    pub now: DateTime<Utc>,
    known: BTreeMap<&'static str, String>,
}

/// A part of a request by its path, and what it is instead of the sample.
pub(super) type Instead<'a> = &'a [(&'a str, &'a str)];

impl World {
    /// Makes one through the public API.
    pub async fn make(platform: &TestPlatform, name: &str) -> Result<Self, Failure> {
        let mut world = Self {
            tenant: platform.tenant(name),
            name: name.to_owned(),
            marker: format!("{name}mark"),
            now: platform.now(),
            known: BTreeMap::from([("hot_issue_id", Uuid::now_v7().to_string())]),
        };
        world.report(platform).await?;
        world.record().await?;
        world.teach().await?;
        world.rate_itself().await?;
        world.aim().await?;
        world.improve().await?;
        platform.settle().await?;
        world.cancel_recoding(platform).await?;
        world.look_up_message().await?;
        world.look_up_recovery_cases().await?;
        world.answer().await?;
        platform.settle().await?;
        // Themes are gathered and customers learnt from when the next hour is full.
        platform.advance(TimeDelta::hours(1)).await?;
        world.now = platform.now();
        world.look_up_what_was_understood().await?;
        world.park(platform).await?;
        Ok(world)
    }

    /// The id, or the address, that is known under `name`.
    pub fn known(&self, name: &str) -> Result<&str, Failure> {
        let known = self.known.get(name).map(String::as_str);
        known.ok_or_else(|| {
            format!("the world of the matrix has no {name}; make one in tests/src/matrix/world.rs").into()
        })
    }

    /// Every id and address.
    pub fn ids(&self) -> BTreeSet<String> {
        self.known.values().cloned().collect()
    }

    async fn record(&mut self) -> Result<(), Failure> {
        for again in [false, true] {
            let created = self.call("CreateProfile", &[]).await?;
            // One is known; a second one makes every list have a next page.
            if again {
                // Who never consented: an invitation of theirs names no message later.
                self.keep("silent_profile_id", &text(&created, "profile.profile_id")?);
            } else {
                self.keep("email", &text(&created, "profile.identities[0].value")?);
                self.keep("profile_id", &text(&created, "profile.profile_id")?);
            }
            let recorded = self.call("RecordInteraction", &[]).await?;
            self.keep("interaction_id", &text(&recorded, "interaction.interaction_id")?);
            self.keep("topic_id", "cancelled_service");
            let submitted = self.call("SubmitFeedback", &[]).await?;
            self.keep("feedback_id", &text(&submitted, "feedback.feedback_id")?);
            let template = self.call("CreateTemplate", &[]).await?;
            self.keep("template_id", &text(&template, "template.template_id")?);
            self.call("SetConsent", &[]).await?;
            self.call("SendMessage", &[]).await?;
            let reserved = self.call("ReserveContact", &[]).await?;
            self.keep("contact_id", &text(&reserved, "contact.contact_id")?);
        }
        self.call("SetContactBudget", &[]).await?;
        self.ask().await?;
        let topic = self.call("CreateTopic", &[]).await?;
        self.keep("topic_id", &text(&topic, "topic.topic_id")?);
        let spare = self.call("CreateTopic", &[]).await?;
        self.keep("spare_topic_id", &text(&spare, "topic.topic_id")?);
        for _ in 0..2 {
            let recoding = self.call("RecodeFeedback", &[]).await?;
            self.keep("recoding_id", &text(&recoding, "recoding.recoding_id")?);
        }
        let recoding = self.call("RecodeFeedback", &[]).await?;
        self.keep("cancelled_recoding_id", &text(&recoding, "recoding.recoding_id")?);
        Ok(())
    }

    /// Lets the recoding that is meant for it be one that somebody cancelled: so few texts are coded before a call could
    /// cancel it. Cancelling it again is answered as any other time.
    async fn cancel_recoding(&self, platform: &TestPlatform) -> Result<(), Failure> {
        sqlx::query(
            "UPDATE feedback.recoding SET cancelled_at = created_at, cancelled_by = $2, cancel_reason = $2
             WHERE recoding_id = $1::text::uuid",
        )
        .bind(self.known("cancelled_recoding_id")?)
        .bind(format!("somebody of {}", self.marker))
        .execute(platform.admin())
        .await?;
        Ok(())
    }

    /// A published survey, and an invitation that was answered twice.
    async fn ask(&mut self) -> Result<(), Failure> {
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
    async fn rate_itself(&mut self) -> Result<(), Failure> {
        self.call("RecordOwnRating", &[]).await?;
        let other = format!("other agent {}", self.marker);
        for _ in 0..2 {
            self.call("RecordOwnRating", &[("own_rating.agent_id", &other)])
                .await?;
        }
        Ok(())
    }

    /// Goals, with the principle they serve and the answers that their baseline is made of.
    async fn aim(&mut self) -> Result<(), Failure> {
        let answer = |place: i64| feedback::Feedback {
            channel: "survey".to_owned(),
            rating: Some(feedback::Rating {
                kind: feedback::RatingKind::Csat.into(),
                value: if place % 2 == 0 { 4 } else { 2 },
            }),
            occurred_at: Some(Timestamp {
                seconds: (self.now - TimeDelta::days(1)).timestamp() - place,
                nanos: 0,
            }),
            ..Default::default()
        };
        self.submit((0..30).map(answer).collect()).await?;
        for name in ["open_goal_id", "goal_id"] {
            let principle = self.call("CreatePrinciple", &[]).await?;
            self.keep("principle_id", &text(&principle, "principle.principle_id")?);
            let goal = self.call("CreateGoal", &[]).await?;
            self.keep(name, &text(&goal, "goal.goal_id")?);
        }
        Ok(())
    }

    /// Answers the invitation twice, once it was decided to ask.
    async fn answer(&self) -> Result<(), Failure> {
        for _ in 0..2 {
            self.call("SubmitSurveyResponse", &[]).await?;
        }
        Ok(())
    }

    /// Lets customers rate and say why, in words that the engine has never heard.
    async fn teach(&self) -> Result<(), Failure> {
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

    async fn look_up_what_was_understood(&mut self) -> Result<(), Failure> {
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

    async fn improve(&mut self) -> Result<(), Failure> {
        // The issue that nobody works on.
        let free = self.call("CreateIssue", &[]).await?;
        self.keep("free_issue_id", &text(&free, "issue.issue_id")?);
        // Two that are the same.
        for name in ["survivor_issue_id", "same_issue_id"] {
            let issue = self.call("CreateIssue", &[]).await?;
            self.keep(name, &text(&issue, "issue.issue_id")?);
        }
        // The initiative whose cohort is told.
        self.plan().await?;
        let initiative = self.known("initiative_id")?.to_owned();
        self.keep("told_initiative_id", &initiative);
        self.keep("ready_initiative_id", &initiative);
        self.call("RollOutInitiative", &[]).await?;
        self.try_out().await?;
        // The one that can be rolled out.
        self.plan().await?;
        let initiative = self.known("initiative_id")?.to_owned();
        self.keep("ready_initiative_id", &initiative);
        // The one with an open action.
        self.plan().await?;
        let added = self.call("AddAction", &[]).await?;
        self.keep("action_id", &text(&added, "action_id")?);
        // Its issue has to do with others.
        for other in ["free_issue_id", "same_issue_id"] {
            let other = self.known(other)?.to_owned();
            self.call("RelateIssues", &[("to_issue_id", &other)]).await?;
        }
        self.account().await
    }

    /// What the last initiative costs and is worth.
    async fn account(&mut self) -> Result<(), Failure> {
        self.call("SetWorthParameters", &[]).await?;
        for _ in 0..2 {
            let booked = self.call("BookCost", &[]).await?;
            self.keep("cost_id", &text(&booked, "cost.cost_id")?);
            self.call("EstimateWorth", &[]).await?;
        }
        Ok(())
    }

    /// Pilots in every state that a method asks for, and an initiative that has none.
    async fn try_out(&mut self) -> Result<(), Failure> {
        for name in ["planned_pilot_id", "stoppable_pilot_id", "pilot_id"] {
            self.plan().await?;
            let initiative = self.known("initiative_id")?.to_owned();
            self.keep("free_initiative_id", &initiative);
            let pilot = self.call("CreatePilot", &[]).await?;
            let pilot = text(&pilot, "pilot.pilot_id")?;
            self.keep(name, &pilot);
            if name == "pilot_id" {
                self.call("StartPilot", &[("pilot_id", &pilot)]).await?;
                self.call("AssignProfiles", &[]).await?;
            }
        }
        self.plan().await?;
        let initiative = self.known("initiative_id")?.to_owned();
        self.keep("free_initiative_id", &initiative);
        Ok(())
    }

    async fn plan(&mut self) -> Result<(), Failure> {
        let issue = self.call("CreateIssue", &[]).await?;
        let issue = text(&issue, "issue.issue_id")?;
        self.keep("issue_id", &issue);
        let initiative = self
            .call("CreateInitiative", &[("initiative.issue_id", &issue)])
            .await?;
        self.keep("initiative_id", &text(&initiative, "initiative.initiative_id")?);
        Ok(())
    }

    async fn look_up_message(&mut self) -> Result<(), Failure> {
        let told = improvement::ListTellingsRequest {
            initiative_id: self.known("told_initiative_id")?.to_owned(),
            iteration: 1,
            ..Default::default()
        };
        let told = self.tenant.initiatives().list_tellings(told).await?.into_inner();
        let message = told
            .tellings
            .into_iter()
            .next()
            .ok_or("nobody of the cohort was told")?
            .message_id;
        self.keep("message_id", &message);
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

    async fn submit(&self, all: Vec<feedback::Feedback>) -> Result<(), Failure> {
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

    pub(super) fn keep(&mut self, name: &'static str, value: &str) {
        self.known.insert(name, value.to_owned());
    }

    pub(super) async fn call(&self, method: &str, instead: Instead<'_>) -> Result<DynamicMessage, Failure> {
        let method = method_named(method)?;
        let mut request = Samples::of(self).request(&method)?;
        for (wanted, value) in instead {
            let paths = Path::all(&method.input());
            let path = paths
                .iter()
                .find(|path| path.to_string() == *wanted)
                .ok_or_else(|| format!("no {wanted}"))?;
            path.put(&mut request, Value::String((*value).to_owned()));
        }
        let caller = Caller::new(self.tenant.channel(), self.tenant.token())?;
        let Answer { mut messages, status } = caller.ask(&method, &request).await;
        match messages.pop() {
            Some(message) if status.code() == Code::Ok => Ok(message),
            _ => Err(format!("{} {request:?}: {status:?}", method.name()).into()),
        }
    }
}

fn at(instant: DateTime<Utc>) -> Timestamp {
    Timestamp {
        seconds: instant.timestamp(),
        nanos: 0,
    }
}

/// The method of that name.
pub fn method_named(name: &str) -> Result<MethodDescriptor, Failure> {
    let found = reflect::methods()?
        .into_iter()
        .find(|method| method.name() == name);
    found.ok_or_else(|| format!("there is no method {name}").into())
}

/// The text at `path` of a response.
fn text(message: &DynamicMessage, path: &str) -> Result<String, Failure> {
    let missing = || format!("no {path} in {message:?}");
    let mut value = Value::Message(message.clone());
    for step in path.split('.') {
        let name = step.trim_end_matches("[0]");
        let inner = value
            .as_message()
            .and_then(|message| message.get_field_by_name(name))
            .ok_or_else(missing)?;
        value = match inner.as_list() {
            Some(list) => list.first().cloned().ok_or_else(missing)?,
            None => inner.into_owned(),
        };
    }
    Ok(value.as_str().ok_or_else(missing)?.to_owned())
}
