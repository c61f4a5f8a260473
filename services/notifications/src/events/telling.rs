//! Cohorts, departments and members of the team that are to be told.

use std::collections::BTreeMap;

use async_trait::async_trait;
use attune_api::improvement::v1 as improvement;
use attune_database::Tx;
use attune_events::{ConsumeError, Consumer, Event};
use prost::Name;
use uuid::Uuid;

use crate::commands;
use crate::domain::{Content, NewMessage, Origin, Purpose};
use crate::store;

/// Queues the messages that improvement asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tellings;

#[async_trait]
impl Consumer for Tellings {
    fn name(&self) -> &'static str {
        "notifications.improvement"
    }

    fn source(&self) -> &'static str {
        "improvement"
    }

    fn types(&self) -> Vec<String> {
        vec![
            improvement::CohortTellingRequested::full_name(),
            improvement::DepartmentTellingRequested::full_name(),
            improvement::DigestComposed::full_name(),
        ]
    }

    async fn handle(&self, tx: &mut Tx, event: &Event) -> Result<(), ConsumeError> {
        if event.is::<improvement::CohortTellingRequested>() {
            tell_cohort(tx, event.decode()?).await
        } else if event.is::<improvement::DepartmentTellingRequested>() {
            tell_departments(tx, event.decode()?).await
        } else if event.is::<improvement::DigestComposed>() {
            send_digest(tx, event.decode()?).await
        } else {
            Ok(())
        }
    }
}

async fn tell_cohort(tx: &mut Tx, asked: improvement::CohortTellingRequested) -> Result<(), ConsumeError> {
    let template_id = Uuid::try_parse(&asked.template_id).map_err(ConsumeError::poison)?;
    // A template that is not there cannot be waited for: each person's outcome says so on delivery.
    let template = store::template::by_ids(tx, &[template_id]).await?.pop();
    let purpose = template.map_or(Purpose::FollowUp, |template| template.purpose);
    let message = |profile: &String| -> Result<NewMessage, uuid::Error> {
        let profile_id = Uuid::try_parse(profile)?;
        Ok(NewMessage {
            message_id: Uuid::now_v7(),
            profile_id: Some(profile_id),
            template_id: Some(template_id),
            purpose,
            origin: origin(&asked.initiative_id, asked.iteration.to_string()),
            recipient: profile_id.to_string(),
            variables: asked.variables.clone(),
            content: None,
        })
    };
    let messages: Vec<_> = asked
        .profile_ids
        .iter()
        .map(message)
        .collect::<Result<_, _>>()
        .map_err(ConsumeError::poison)?;
    commands::message::queue(tx, &messages).await?;
    Ok(())
}

async fn tell_departments(
    tx: &mut Tx,
    asked: improvement::DepartmentTellingRequested,
) -> Result<(), ConsumeError> {
    let messages: Vec<_> = asked
        .departments
        .iter()
        .map(|department| NewMessage {
            message_id: Uuid::now_v7(),
            profile_id: None,
            template_id: None,
            purpose: Purpose::Service,
            origin: origin(&asked.initiative_id, asked.occasion.clone()),
            recipient: department.email.trim().to_lowercase(),
            variables: BTreeMap::new(),
            content: Some(Content {
                subject: asked.subject.clone(),
                body: asked.body.clone(),
            }),
        })
        .collect();
    commands::message::queue(tx, &messages).await?;
    Ok(())
}

/// One letter a number of the subscription, however often it is told of.
async fn send_digest(tx: &mut Tx, composed: improvement::DigestComposed) -> Result<(), ConsumeError> {
    let message = NewMessage {
        message_id: Uuid::now_v7(),
        profile_id: None,
        template_id: None,
        purpose: Purpose::Service,
        origin: Origin {
            kind: "digest".to_owned(),
            id: composed.digest_subscription_id,
            occasion: composed.number.to_string(),
        },
        recipient: composed.email.trim().to_lowercase(),
        variables: BTreeMap::new(),
        content: Some(Content {
            subject: composed.subject,
            body: composed.body,
        }),
    };
    commands::message::queue(tx, &[message]).await?;
    Ok(())
}

fn origin(initiative_id: &str, occasion: String) -> Origin {
    Origin {
        kind: "initiative".to_owned(),
        id: initiative_id.to_owned(),
        occasion,
    }
}
