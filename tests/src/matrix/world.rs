//! A tenant that has something of everything.

use std::collections::{BTreeMap, BTreeSet};

use attune_testkit::reflect::{self, Answer};
use attune_testkit::{Failure, Tenant, TestPlatform};
use chrono::{DateTime, TimeDelta, Utc};
use prost_reflect::{DynamicMessage, MethodDescriptor, Value};
use tonic::Code;
use uuid::Uuid;

use super::{Caller, Path, Samples};

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
        world.gather().await?;
        world.improve().await?;
        world.credit().await?;
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

/// The method of that name.
pub fn method_named(name: &str) -> Result<MethodDescriptor, Failure> {
    let found = reflect::methods()?
        .into_iter()
        .find(|method| method.name() == name);
    found.ok_or_else(|| format!("there is no method {name}").into())
}

/// The text at `path` of a response.
pub(super) fn text(message: &DynamicMessage, path: &str) -> Result<String, Failure> {
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
