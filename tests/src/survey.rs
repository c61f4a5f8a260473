//! A company that asks its customers: a template, a survey, customers, and the mails they get.

use attune_api::feedback::v1 as fb;
use attune_api::feedback::v1::survey_trigger::Event;
use attune_api::interactions::v1 as int;
use attune_api::notifications::v1 as not;
use attune_api::profiles::v1 as pro;
use attune_testkit::{Failure, Tenant, TestPlatform};
use chrono::{DateTime, Utc};
use prost_types::Timestamp;
use uuid::Uuid;

/// The touchpoint after which the company asks.
pub const TOUCHPOINT: &str = "support.call";
/// After how many minutes.
pub const DELAY_MINUTES: i32 = 60;

/// A company that asks.
#[derive(Debug)]
pub struct Company<'p> {
    /// The platform it is on.
    pub platform: &'p TestPlatform,
    /// Somebody of it.
    pub tenant: Tenant,
    /// What it writes.
    pub template_id: String,
}

/// Text in one language.
pub fn local(language: &str, text: &str) -> fb::LocalText {
    fb::LocalText {
        language: language.to_owned(),
        text: text.to_owned(),
    }
}

/// A question in English.
pub fn question(id: &str, kind: fb::QuestionKind, text: &str) -> fb::Question {
    fb::Question {
        question_id: id.to_owned(),
        kind: kind.into(),
        texts: vec![local("en", text)],
        ..Default::default()
    }
}

fn option(id: &str, english: &str, german: &str, arabic: &str) -> fb::QuestionOption {
    fb::QuestionOption {
        option_id: id.to_owned(),
        labels: vec![local("en", english), local("de", german), local("ar", arabic)],
    }
}

/// How satisfied; why, when it is bad; and in one's own words.
pub fn definition(template_id: &str) -> fb::SurveyDefinition {
    let mut score = question(
        "score",
        fb::QuestionKind::Csat,
        "How satisfied are you with our help?",
    );
    score.required = true;
    score
        .texts
        .push(local("de", "Wie zufrieden sind Sie mit unserer Hilfe?"));
    score.texts.push(local("ar", "ما مدى رضاك عن مساعدتنا؟"));
    let mut why = question("why", fb::QuestionKind::Multiple, "What went wrong?");
    why.texts.push(local("de", "Was lief schief?"));
    why.texts.push(local("ar", "ما الذي لم يسر على ما يرام؟"));
    "answers.score <= 2".clone_into(&mut why.condition);
    why.options = vec![
        option(
            "wait",
            "I waited too long",
            "Ich habe zu lange gewartet",
            "انتظرت طويلًا",
        ),
        option(
            "staff",
            "Nobody could help",
            "Niemand konnte helfen",
            "لم يستطع أحد مساعدتي",
        ),
    ];
    let mut text = question("text", fb::QuestionKind::Text, "What else should we know?");
    text.texts.push(local("de", "Was sollten wir noch wissen?"));
    text.texts.push(local("ar", "ماذا يجب أن نعرف أيضًا؟"));
    fb::SurveyDefinition {
        titles: vec![
            local("en", "Your call with us"),
            local("de", "Ihr Anruf bei uns"),
            local("ar", "مكالمتك معنا"),
        ],
        questions: vec![score, why, text],
        trigger: Some(fb::SurveyTrigger {
            event: Some(Event::Interaction(fb::InteractionTrigger {
                touchpoints: vec![TOUCHPOINT.to_owned()],
                ..Default::default()
            })),
            delay_minutes: DELAY_MINUTES,
            condition: String::new(),
        }),
        triggers: Vec::new(),
        eligibility: None,
        template_id: template_id.to_owned(),
        expiry_hours: 14 * 24,
        reminder_hours: Vec::new(),
    }
}

impl<'p> Company<'p> {
    /// A company with a template that invites in one tap.
    pub async fn new(platform: &'p TestPlatform, name: &str) -> Result<Self, Failure> {
        let tenant = platform.tenant(name);
        let template = not::Template {
            name: "How was it?".to_owned(),
            purpose: pro::Purpose::Survey.into(),
            variants: vec![not::TemplateVariant {
                language: "en".to_owned(),
                subject: "{% if reminder %}Again: {% endif %}How was it?".to_owned(),
                body: "Dear {{ display_name }}, one tap is enough:\nbad {{ link }}?score=1\ngood {{ link }}?score=5\n"
                    .to_owned(),
            }],
            ..Default::default()
        };
        let request = not::CreateTemplateRequest {
            template: Some(template),
            ..Default::default()
        };
        let made = tenant.templates().create_template(request).await?.into_inner();
        let template_id = made.template.ok_or("no template")?.template_id;
        Ok(Self {
            platform,
            tenant,
            template_id,
        })
    }

    /// A published survey.
    pub async fn publish(&self, name: &str, definition: fb::SurveyDefinition) -> Result<fb::Survey, Failure> {
        let request = fb::CreateSurveyRequest {
            survey: Some(fb::Survey {
                name: name.to_owned(),
                definition: Some(definition),
                ..Default::default()
            }),
            ..Default::default()
        };
        let made = self.tenant.surveys().create_survey(request).await?.into_inner();
        let survey_id = made.survey.ok_or("no survey")?.survey_id;
        let request = fb::PublishSurveyRequest {
            survey_id,
            ..Default::default()
        };
        let published = self.tenant.surveys().publish_survey(request).await?.into_inner();
        Ok(published.survey.ok_or("no survey")?)
    }

    /// A customer with a mail address who allows to be asked, or not.
    pub async fn customer(&self, name: &str, language: &str, consents: bool) -> Result<String, Failure> {
        let consent = pro::Consent {
            channel: pro::MessageChannel::Email.into(),
            purpose: pro::Purpose::Survey.into(),
            state: pro::ConsentState::Granted.into(),
            source: "web.preferences".to_owned(),
            ..Default::default()
        };
        let request = pro::CreateProfileRequest {
            profile: Some(pro::Profile {
                display_name: name.to_owned(),
                language: language.to_owned(),
                identities: vec![pro::Identity {
                    kind: pro::IdentityKind::Email.into(),
                    value: address(name),
                    ..Default::default()
                }],
                ..Default::default()
            }),
            consents: if consents { vec![consent] } else { Vec::new() },
            ..Default::default()
        };
        let made = self.tenant.profiles().create_profile(request).await?.into_inner();
        Ok(made.profile.ok_or("no profile")?.profile_id)
    }

    /// The customer calls, and an agent helps; answers the interaction's id.
    pub async fn call(&self, profile_id: &str) -> Result<String, Failure> {
        let request = int::RecordInteractionRequest {
            interaction: Some(int::Interaction {
                profile_id: profile_id.to_owned(),
                channel: "phone".to_owned(),
                direction: int::Direction::Inbound.into(),
                touchpoint: TOUCHPOINT.to_owned(),
                product: "North".to_owned(),
                agent_id: "agent 7".to_owned(),
                occurred_at: Some(timestamp(self.platform.now())),
                ..Default::default()
            }),
            request_id: Uuid::new_v4().to_string(),
        };
        let made = self
            .tenant
            .interactions()
            .record_interaction(request)
            .await?
            .into_inner();
        Ok(made.interaction.ok_or("no interaction")?.interaction_id)
    }

    /// An invitation by RPC.
    pub async fn invite(
        &self,
        survey_id: &str,
        profile_id: &str,
        occasion: &str,
    ) -> Result<fb::Invitation, Failure> {
        let request = fb::InviteRequest {
            survey_id: survey_id.to_owned(),
            profile_id: profile_id.to_owned(),
            occasion: occasion.to_owned(),
            ..Default::default()
        };
        let made = self.tenant.invitations().invite(request).await?.into_inner();
        Ok(made.invitation.ok_or("no invitation")?)
    }

    /// The invitations of a customer, newest first.
    pub async fn invitations(&self, profile_id: &str) -> Result<Vec<fb::Invitation>, Failure> {
        let request = fb::ListInvitationsRequest {
            profile_id: profile_id.to_owned(),
            ..Default::default()
        };
        Ok(self
            .tenant
            .invitations()
            .list_invitations(request)
            .await?
            .into_inner()
            .invitations)
    }

    /// Why a customer was asked or not.
    pub async fn explain(&self, invitation_id: &str) -> Result<fb::ExplainInvitationResponse, Failure> {
        let request = fb::ExplainInvitationRequest {
            invitation_id: invitation_id.to_owned(),
        };
        Ok(self
            .tenant
            .invitations()
            .explain_invitation(request)
            .await?
            .into_inner())
    }

    /// How often a survey wrote to a customer.
    pub fn mails(&self, name: &str) -> usize {
        self.texts(name).len()
    }

    /// The address of a customer's answer page, on this platform, from the last mail they got.
    pub fn link(&self, name: &str) -> Result<String, Failure> {
        let text = self.texts(name).pop().ok_or("no mail")?;
        let start = text.find("/s/").ok_or("no link")?;
        let path = text[start..].split(['?', '\n', '\r']).next().unwrap_or_default();
        Ok(format!("{}{path}", self.platform.url()))
    }

    fn texts(&self, name: &str) -> Vec<String> {
        let to = address(name);
        let mails = self.platform.mailbox().received().into_iter();
        mails
            .filter(|mail| mail.to.contains(&to))
            .map(|mail| mail.text.clone())
            .collect()
    }
}

/// A customer's browser without a script.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    client: reqwest::Client,
}

/// What a browser was answered.
#[derive(Clone, Debug)]
pub struct Page {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
    /// The page.
    pub html: String,
}

impl Browser {
    /// Opens a page.
    pub async fn open(&self, url: &str) -> Result<Page, Failure> {
        Page::of(self.client.get(url).send().await?).await
    }

    /// Sends a form.
    pub async fn send(&self, url: &str, fields: &[(&str, &str)]) -> Result<Page, Failure> {
        let pairs: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
            .collect();
        let request = self
            .client
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded");
        Page::of(request.body(pairs.join("&")).send().await?).await
    }
}

impl Page {
    async fn of(response: reqwest::Response) -> Result<Self, Failure> {
        Ok(Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            html: response.text().await?,
        })
    }

    /// A header; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

/// As forms encode it.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// The instant as protobuf has it.
pub fn timestamp(instant: DateTime<Utc>) -> Timestamp {
    Timestamp {
        seconds: instant.timestamp(),
        nanos: 0,
    }
}

fn address(name: &str) -> String {
    format!("{}@example.com", name.to_lowercase())
}
