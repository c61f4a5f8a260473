//! Ten messages that wait: others are sent as soon as some have left.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use async_trait::async_trait;
use attune_api::notifications::v1::SendMessageRequest;
use attune_api::notifications::v1::message_service_client::MessageServiceClient;
use attune_api::profiles::v1::profile_service_client::ProfileServiceClient;
use attune_api::profiles::v1::{
    Consent, ConsentState, CreateProfileRequest, Identity, IdentityKind, MessageChannel, Profile, Purpose,
};
use attune_mailbox::Mailbox;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tonic::Status;
use uuid::Uuid;

use super::{EMPTY, count};
use crate::measure::{Sample, Side};
use crate::postgres::OURS;
use crate::rows::tell_costliest;
use crate::rows::telling::template;
use crate::stage::{Caller, Stage};

/// Messages waiting.
pub(super) const TEN: u32 = 10;
/// As many who send, so that each place that becomes free is filled at once.
const SENDERS: usize = 10;
/// Persons written to in turn.
const PERSONS: usize = 200;
/// Between two looks whether another may be sent.
const LOOK: Duration = Duration::from_micros(500);

/// The service with ten waiting. They are sent through the API, because a queue as short as this is empty until the
/// service hears of the next; what that costs is part of the figure.
pub(super) struct Few<'a, 's> {
    stage: &'a Mutex<&'s mut Stage>,
    sink: &'a Arc<Mailbox>,
    /// The template, and the persons.
    letters: Option<(String, Arc<Vec<String>>)>,
}

impl<'a, 's> Few<'a, 's> {
    pub(super) fn new(stage: &'a Mutex<&'s mut Stage>, sink: &'a Arc<Mailbox>) -> Self {
        Self {
            stage,
            sink,
            letters: None,
        }
    }
}

#[async_trait]
impl Side for Few<'_, '_> {
    fn name(&self) -> String {
        format!("notifications, {TEN} waiting all the time, sent through the API")
    }

    async fn prepare(&mut self) -> anyhow::Result<()> {
        let mut stage = self.stage.lock().await;
        stage.stop_services().await?;
        stage.postgres.run(OURS, EMPTY).await?;
        stage.sink = self.sink.webhook_url();
        stage.run_only(&["profiles", "notifications"]).await?;
        if self.letters.is_none() {
            let notifications = stage.callers("notifications", 1).await?.remove(0);
            let profiles = stage.callers("profiles", 1).await?.remove(0);
            let mut persons = Vec::new();
            for number in 0..PERSONS {
                persons.push(person(profiles.clone(), number).await?);
            }
            self.letters = Some((
                template(notifications, Purpose::Service).await?,
                Arc::new(persons),
            ));
        }
        stage.postgres.checkpoint().await?;
        stage.postgres.costliest().await?;
        self.sink.clear();
        Ok(())
    }

    async fn run(&mut self, timed: Duration) -> anyhow::Result<Sample> {
        let (template_id, persons) = self.letters.clone().context("nothing was prepared")?;
        let mut stage = self.stage.lock().await;
        let (mut senders, sent) = (JoinSet::new(), Arc::new(AtomicU64::new(0)));
        for caller in stage
            .callers("notifications", SENDERS)
            .await?
            .into_iter()
            .cycle()
            .take(SENDERS)
        {
            let letter = (template_id.clone(), Arc::clone(&persons));
            senders.spawn(send(caller, letter, Arc::clone(self.sink), Arc::clone(&sent)));
        }
        let sample = {
            let running: &Stage = &stage;
            count(self.sink, u32::MAX, timed, &|| running.cpu()).await?
        };
        if let Some(ended) = senders.try_join_next() {
            ended??;
            bail!("a sender ended by itself");
        }
        senders.shutdown().await;
        tell_costliest(&stage).await?;
        stage.stop_services().await?;
        Ok(sample)
    }
}

/// Sends a message whenever fewer than ten wait.
async fn send(
    caller: Caller,
    (template_id, persons): (String, Arc<Vec<String>>),
    sink: Arc<Mailbox>,
    sent: Arc<AtomicU64>,
) -> Result<(), Status> {
    let mut client = MessageServiceClient::new(caller);
    loop {
        let may = |sent: u64| (sent < sink.count() + u64::from(TEN)).then_some(sent + 1);
        let Ok(place) = sent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, may) else {
            tokio::time::sleep(LOOK).await;
            continue;
        };
        let person = usize::try_from(place).unwrap_or_default() % persons.len();
        let request = SendMessageRequest {
            profile_id: persons[person].clone(),
            template_id: template_id.clone(),
            request_id: Uuid::new_v4().to_string(),
            ..SendMessageRequest::default()
        };
        client.send_message(request).await?;
    }
}

/// Somebody with an address who may be written to.
async fn person(profiles: Caller, number: usize) -> anyhow::Result<String> {
    let profile = Profile {
        display_name: format!("Customer {number}"),
        language: "en".to_owned(),
        identities: vec![Identity {
            kind: IdentityKind::Email.into(),
            system: String::new(),
            value: format!("{}@example.com", Uuid::new_v4().simple()),
        }],
        ..Profile::default()
    };
    let consent = Consent {
        channel: MessageChannel::Email.into(),
        purpose: Purpose::Service.into(),
        state: ConsentState::Granted.into(),
        source: "bench".to_owned(),
        decided_at: None,
    };
    let request = CreateProfileRequest {
        profile: Some(profile),
        consents: vec![consent],
        request_id: Uuid::new_v4().to_string(),
    };
    let created = ProfileServiceClient::new(profiles)
        .create_profile(request)
        .await?;
    Ok(created.into_inner().profile.context("no profile")?.profile_id)
}
