//! Messages that are sent while whom they are handed to misbehaves.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant};

use attune_api::events::v1::SubscribeRequest;
use attune_api::notifications::v1::{
    CreateTemplateRequest, ListMessagesRequest, Message, MessageState, SendMessageRequest, Template,
    TemplateVariant,
};
use attune_api::profiles::v1::{
    Consent, ConsentState, CreateProfileRequest, Identity, IdentityKind, MessageChannel, Profile, Purpose,
};
use attune_mailbox::Mailbox;
use attune_testkit::{Failure, Tenant};
use futures::future::try_join_all;
use tonic::Status;
use uuid::Uuid;

const PERSONS: usize = 8;
const PAGE: i32 = 200;

/// What is sent, and what was acknowledged.
#[derive(Debug)]
pub struct Letters {
    tenant: Tenant,
    template_id: String,
    persons: Vec<String>,
    acknowledged: Vec<String>,
    longest_silence: Duration,
}

/// What became of the messages.
#[derive(Debug)]
pub struct Delivered {
    /// Messages that were acknowledged.
    pub acknowledged: usize,
    /// Those of them that are not there, have no outcome, or are sent and never arrived.
    pub lost: usize,
    /// Those with more than one outcome told, or arrived again without an ambiguous send.
    pub doubled: usize,
    /// Copies beyond the first, of messages that somebody took without saying so.
    pub copies: usize,
    /// Those refused for good.
    pub refused: usize,
    /// The longest time without an acknowledgement.
    pub longest_unavailability: Duration,
}

impl fmt::Display for Delivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "acknowledged {}, lost {}, doubled {}, copies after an ambiguous send {}, refused for good {}, longest \
             unavailability {:.2} s",
            self.acknowledged,
            self.lost,
            self.doubled,
            self.copies,
            self.refused,
            self.longest_unavailability.as_secs_f64()
        )
    }
}

impl Letters {
    /// Some persons who may be written to, and what they are written.
    pub async fn to(tenant: Tenant) -> Result<Self, Failure> {
        let variant = TemplateVariant {
            language: "en".to_owned(),
            subject: "News of your order".to_owned(),
            body: "Dear {{ display_name }}, your parcel is on its way.".to_owned(),
        };
        let template = Template {
            name: "parcel".to_owned(),
            purpose: Purpose::Service.into(),
            variants: vec![variant],
            ..Template::default()
        };
        let request = CreateTemplateRequest {
            template: Some(template),
            request_id: String::new(),
        };
        let created = tenant.templates().create_template(request).await?.into_inner();
        let persons = (0..PERSONS).map(|number| person(&tenant, number));
        Ok(Self {
            template_id: created.template.unwrap_or_default().template_id,
            persons: try_join_all(persons).await?,
            acknowledged: Vec::new(),
            longest_silence: Duration::ZERO,
            tenant,
        })
    }

    /// Sends so many at the same time, and waits until all are acknowledged.
    pub async fn send(&mut self, count: usize) -> Result<(), Failure> {
        let began = Instant::now();
        let persons = self.persons.iter().cycle().take(count);
        let sent = persons.map(async |profile_id| {
            let request = SendMessageRequest {
                profile_id: profile_id.clone(),
                template_id: self.template_id.clone(),
                request_id: Uuid::new_v4().to_string(),
                ..SendMessageRequest::default()
            };
            let sent = self.tenant.messages().send_message(request).await?.into_inner();
            Ok::<_, Status>((sent.message.unwrap_or_default().message_id, began.elapsed()))
        });
        let mut sent = try_join_all(sent).await?;
        sent.sort_unstable_by_key(|(_, after)| *after);
        let mut before = Duration::ZERO;
        for (message_id, after) in sent {
            self.longest_silence = self.longest_silence.max(after.saturating_sub(before));
            before = after;
            self.acknowledged.push(message_id);
        }
        Ok(())
    }

    /// How many were acknowledged so far.
    pub fn acknowledged(&self) -> usize {
        self.acknowledged.len()
    }

    /// Looks for what was acknowledged, in the API, among the events, and where it arrived. `ambiguous` are the places,
    /// in the order of acknowledgement, of those that somebody may have taken without saying so.
    pub async fn account(
        &self,
        mailbox: &Mailbox,
        ambiguous: &[std::ops::Range<usize>],
    ) -> Result<Delivered, Failure> {
        let messages = messages(&self.tenant).await?;
        let outcomes = outcomes(&self.tenant).await?;
        let mut arrived: HashMap<String, usize> = HashMap::new();
        for mail in mailbox.received() {
            // Over SMTP the id goes on with the sender's domain.
            let id = mail.message_id.unwrap_or_default();
            let id = id.split('@').next().unwrap_or_default();
            *arrived.entry(id.to_owned()).or_default() += 1;
        }
        let (mut lost, mut doubled, mut copies, mut refused) = (0, 0, 0, 0);
        for (place, message_id) in self.acknowledged.iter().enumerate() {
            let state = messages.get(message_id).map(Message::state);
            let mails = arrived.get(message_id).copied().unwrap_or_default();
            match (state, mails) {
                (Some(MessageState::Failed), 0) => refused += 1,
                (Some(MessageState::Sent), 1) => {}
                (Some(MessageState::Sent), 2..) if ambiguous.iter().any(|some| some.contains(&place)) => {
                    copies += mails - 1;
                }
                (_, 2..) => doubled += 1,
                _ => lost += 1,
            }
            match outcomes.get(message_id) {
                Some(1) => {}
                Some(_) => doubled += 1,
                None => lost += 1,
            }
        }
        Ok(Delivered {
            acknowledged: self.acknowledged.len(),
            lost,
            doubled,
            copies,
            refused,
            longest_unavailability: self.longest_silence,
        })
    }
}

async fn person(tenant: &Tenant, number: usize) -> Result<String, Status> {
    let profile = Profile {
        display_name: format!("Customer {number}"),
        language: "en".to_owned(),
        identities: vec![Identity {
            kind: IdentityKind::Email.into(),
            value: format!("customer-{number}@example.com"),
            ..Identity::default()
        }],
        ..Profile::default()
    };
    let consent = Consent {
        channel: MessageChannel::Email.into(),
        purpose: Purpose::Service.into(),
        state: ConsentState::Granted.into(),
        source: "web".to_owned(),
        decided_at: None,
    };
    let request = CreateProfileRequest {
        profile: Some(profile),
        consents: vec![consent],
        request_id: String::new(),
    };
    let created = tenant.profiles().create_profile(request).await?.into_inner();
    Ok(created.profile.unwrap_or_default().profile_id)
}

/// All messages by their ids.
async fn messages(tenant: &Tenant) -> Result<HashMap<String, Message>, Failure> {
    let mut found = HashMap::new();
    let mut request = ListMessagesRequest {
        page_size: PAGE,
        ..ListMessagesRequest::default()
    };
    loop {
        let page = tenant
            .messages()
            .list_messages(request.clone())
            .await?
            .into_inner();
        let messages = page.messages.into_iter();
        found.extend(messages.map(|message| (message.message_id.clone(), message)));
        if page.next_page_token.is_empty() {
            return Ok(found);
        }
        request.page_token = page.next_page_token;
    }
}

/// How many outcomes were told of each message.
async fn outcomes(tenant: &Tenant) -> Result<HashMap<String, usize>, Failure> {
    let request = SubscribeRequest {
        source: "notifications".to_owned(),
        ..SubscribeRequest::default()
    };
    let mut feed = tenant
        .events(&tenant.channels().notifications)
        .subscribe(request)
        .await?
        .into_inner();
    let mut found: HashMap<String, usize> = HashMap::new();
    while let Some(response) = feed.message().await? {
        for event in response.events {
            *found.entry(event.subject).or_default() += 1;
        }
        if response.caught_up {
            break;
        }
    }
    Ok(found)
}
