//! One attempt at one message.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::provider::{Mail, Provider, Refusal};
use super::recipients::Recipients;
use crate::domain::{
    CONSENT_RULE, CONTACT_BUDGET_USED, CONTACT_RULE, Charged, ContactBudget, Content, Message, Route,
    Template, longest_wait, one_line, route,
};

/// What is to be done with a message.
#[derive(Debug)]
pub(super) enum Attempt {
    /// Hand it over.
    Mail {
        mail: Mail,
        rule: &'static str,
        inputs: Value,
    },
    /// Nothing; this is the outcome.
    Decided(Outcome),
}

/// What became of a message, with the rule that decided and what it was based on.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) kind: Kind,
    /// Whether the provider was asked.
    pub(super) handed_over: bool,
    pub(super) reason: String,
    pub(super) rule: &'static str,
    pub(super) inputs: Value,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Sent,
    Blocked,
    /// Waits for the contact budget of this number.
    Deferred {
        until: DateTime<Utc>,
        under: i32,
    },
    /// Refused for good.
    Failed,
    /// Refused for now, by a provider that may have asked for a rest.
    Again {
        rest: Option<TimeDelta>,
    },
}

const DEPARTMENT_RULE: &str = "department-1";
const TEMPLATE_RULE: &str = "template-1";

impl Attempt {
    /// Decides about a message.
    pub(super) fn new(
        message: &Message,
        templates: &HashMap<Uuid, Template>,
        recipients: &Recipients,
    ) -> Self {
        match &message.content {
            Some(content) => Self::to_department(message, content),
            None => Self::to_person(message, templates, recipients),
        }
    }

    fn to_department(message: &Message, content: &Content) -> Self {
        let mail = Mail {
            to: message.recipient.clone(),
            subject: one_line(&content.subject),
            body: content.body.clone(),
        };
        let inputs = json!({ "channel": "email" });
        Self::Mail {
            mail,
            rule: DEPARTMENT_RULE,
            inputs,
        }
    }

    fn to_person(message: &Message, templates: &HashMap<Uuid, Template>, recipients: &Recipients) -> Self {
        let recipient = message
            .profile_id
            .and_then(|id| recipients.find(id, message.purpose));
        let Route { outcome, mut inputs } = route(recipient.as_ref(), message.purpose);
        let address = match outcome {
            Ok(address) => address,
            Err(block) => return Self::decided(Kind::Blocked, block.as_str(), CONSENT_RULE, inputs),
        };
        let recipient = recipient.unwrap_or_default();
        let template = message.template_id.and_then(|id| templates.get(&id));
        let rendered = template
            .ok_or_else(|| "there is no such template".to_owned())
            .and_then(|template| {
                let filled =
                    template.render(&recipient.language, &recipient.display_name, &message.variables);
                filled.map_err(|error| error.rule().to_owned())
            });
        match rendered {
            Ok(rendered) => {
                inputs["variant"] = json!(rendered.language);
                let mail = Mail {
                    to: address,
                    subject: rendered.subject,
                    body: rendered.body,
                };
                Self::Mail {
                    mail,
                    rule: CONSENT_RULE,
                    inputs,
                }
            }
            Err(error) => {
                inputs["error"] = json!(error);
                Self::decided(Kind::Failed, "template_error", TEMPLATE_RULE, inputs)
            }
        }
    }

    /// Whether it would be handed over.
    pub(super) fn is_mail(&self) -> bool {
        matches!(self, Self::Mail { .. })
    }

    /// The same with what the contact budget says of it: what is not charged is not handed over.
    pub(super) fn charged(self, message: &Message, budget: &ContactBudget, charged: &Charged) -> Self {
        let Self::Mail {
            mail,
            rule,
            mut inputs,
        } = self
        else {
            return self;
        };
        inputs["contact_budget"] = charged.allowance.inputs(budget, message.purpose);
        if charged.contact.is_some() {
            return Self::Mail { mail, rule, inputs };
        }
        let end = longest_wait(message.purpose, message.created_at);
        let kind = match charged.allowance.free_at {
            Some(until) if until <= end => Kind::Deferred {
                until,
                under: budget.number,
            },
            _ => Kind::Blocked,
        };
        Self::decided(kind, CONTACT_BUDGET_USED, CONTACT_RULE, inputs)
    }

    /// The outcome of a message that is not handed over.
    fn decided(kind: Kind, reason: &str, rule: &'static str, inputs: Value) -> Self {
        Self::Decided(Outcome {
            kind,
            handed_over: false,
            reason: reason.to_owned(),
            rule,
            inputs,
        })
    }

    /// Carries it out.
    pub(super) async fn make(self, provider: &Provider, message: &Message, now: DateTime<Utc>) -> Outcome {
        let (mail, rule, inputs) = match self {
            Self::Decided(outcome) => return outcome,
            Self::Mail { mail, rule, inputs } => (mail, rule, inputs),
        };
        let (kind, handed_over, reason) = match provider.send(message.message_id, mail, now).await {
            Ok(()) => (Kind::Sent, true, String::new()),
            Err(Refusal::Unfit(reason)) => (Kind::Failed, false, reason.to_owned()),
            Err(Refusal::ForGood(reason)) => (Kind::Failed, true, reason),
            Err(Refusal::ForNow { reason, rest }) => (Kind::Again { rest }, true, reason),
        };
        Outcome {
            kind,
            handed_over,
            reason,
            rule,
            inputs,
        }
    }
}
