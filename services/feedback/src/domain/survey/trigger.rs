//! What asks a survey by itself.

use std::collections::BTreeMap;

use attune_rules::{Problems, Rule, Schema, Type, Value, Values};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

/// An event that is told longer after it happened asks nobody: a history that is imported is no occasion.
const LATEST: TimeDelta = TimeDelta::days(3);

/// Which events ask, and how long after; an empty list does not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trigger {
    #[serde(default)]
    pub(crate) on: Occurrence,
    pub(crate) touchpoints: Vec<String>,
    pub(crate) channels: Vec<String>,
    /// Names of stages as the interactions' protos have them.
    pub(crate) stages: Vec<String>,
    #[serde(default)]
    pub(crate) outcomes: Vec<String>,
    pub(crate) delay_minutes: i32,
    /// A rule over the interaction; empty for none.
    #[serde(default)]
    pub(crate) condition: String,
}

/// What must have happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Occurrence {
    /// An interaction was recorded.
    #[default]
    Recorded,
    /// The matter that an interaction opened was closed.
    Closed,
    /// An interaction brought the person to another stage.
    StageReached,
}

/// An event about an interaction of a known person.
#[derive(Clone, Debug)]
pub(crate) struct Happening {
    pub(crate) told: Told,
    pub(crate) event_id: Uuid,
    pub(crate) event_type: String,
    /// When it was told; delays count from here.
    pub(crate) told_at: DateTime<Utc>,
    pub(crate) interaction_id: Uuid,
    pub(crate) profile_id: Uuid,
    pub(crate) channel: String,
    /// As the interactions' protos name it, like the stage.
    pub(crate) direction: String,
    pub(crate) touchpoint: String,
    /// Empty when not known.
    pub(crate) stage: String,
    pub(crate) outcome: String,
    pub(crate) product: String,
    pub(crate) agent_id: String,
    pub(crate) occurred_at: DateTime<Utc>,
    pub(crate) closed_at: Option<DateTime<Utc>>,
}

/// What was told of an interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Recorded,
    Closed,
}

/// The stage of a person, as their latest interaction that has one says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PersonStage {
    pub(crate) stage: String,
    pub(crate) seen_at: DateTime<Utc>,
}

impl Happening {
    /// Takes the person to the stage of a recorded interaction, unless a later one is known. Answers the stage they
    /// left, empty for none known; nothing when they are where they were.
    pub(crate) fn reach(&self, known: &mut Option<PersonStage>) -> Option<String> {
        if self.told != Told::Recorded || self.stage.is_empty() {
            return None;
        }
        let before = match known {
            Some(before) if before.seen_at > self.occurred_at => return None,
            Some(before) => before.stage.clone(),
            None => String::new(),
        };
        *known = Some(PersonStage {
            stage: self.stage.clone(),
            seen_at: self.occurred_at,
        });
        (before != self.stage).then_some(before)
    }

    /// Whether it is too old to ask about.
    pub(crate) fn is_history(&self) -> bool {
        let happened = match self.told {
            Told::Recorded => self.occurred_at,
            Told::Closed => self.closed_at.unwrap_or(self.occurred_at),
        };
        self.told_at - happened > LATEST
    }

    /// What conditions read.
    fn values(&self, left: Option<&str>) -> Result<Values, attune_rules::TooLarge> {
        let text = |text: &str| Value::String(text.to_owned());
        let mut interaction = BTreeMap::from(
            [
                ("channel", text(&self.channel)),
                ("direction", text(&self.direction)),
                ("touchpoint", text(&self.touchpoint)),
                ("stage", text(&self.stage)),
                ("outcome", text(&self.outcome)),
                ("product", text(&self.product)),
                ("agent_id", text(&self.agent_id)),
                ("occurred_at", Value::Timestamp(self.occurred_at)),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        if let Some(closed_at) = self.closed_at {
            interaction.insert("closed_at".to_owned(), Value::Timestamp(closed_at));
        }
        let mut values = Values::default();
        values.set("interaction", Value::Map(interaction))?;
        values.set("previous_stage", text(left.unwrap_or_default()))?;
        Ok(values)
    }
}

impl Trigger {
    /// Whether `happened` asks; `left` is the stage that the person left by it, and `rule` the condition's.
    pub(crate) fn asks(&self, rule: Option<&Rule>, happened: &Happening, left: Option<&str>) -> bool {
        let fits = match self.on {
            Occurrence::Recorded => happened.told == Told::Recorded,
            Occurrence::Closed => happened.told == Told::Closed,
            Occurrence::StageReached => happened.told == Told::Recorded && left.is_some(),
        };
        let holds = |list: &[String], fact: &str| list.is_empty() || list.iter().any(|entry| entry == fact);
        fits && holds(&self.touchpoints, &happened.touchpoint)
            && holds(&self.channels, &happened.channel)
            && holds(&self.stages, &happened.stage)
            && holds(&self.outcomes, &happened.outcome)
            && rule.is_none_or(|rule| {
                let values = happened.values(left);
                values.is_ok_and(|values| rule.holds(&values).unwrap_or(false))
            })
    }

    /// When the person is asked about what was told at `told_at`.
    pub(crate) fn due(&self, told_at: DateTime<Utc>) -> DateTime<Utc> {
        told_at + TimeDelta::minutes(self.delay_minutes.into())
    }
}

/// The rule of a trigger's condition; none where it is empty.
pub(crate) fn rule(condition: &str) -> Result<Option<Rule>, Problems> {
    if condition.is_empty() {
        return Ok(None);
    }
    Rule::compile(condition, &schema()).map(Some)
}

/// What conditions may speak of.
fn schema() -> Schema {
    let texts = [
        "channel",
        "direction",
        "touchpoint",
        "stage",
        "outcome",
        "product",
        "agent_id",
    ];
    let times = ["occurred_at", "closed_at"];
    let texts = texts.map(|name| (name.to_owned(), Type::String)).into_iter();
    let times = times.map(|name| (name.to_owned(), Type::Timestamp)).into_iter();
    Schema::default()
        .with("interaction", Type::Record(texts.chain(times).collect()))
        .with("previous_stage", Type::String)
}

/// Reads the triggers of a stored definition, also of one stored when there was at most one.
pub(super) fn stored<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<Trigger>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Stored {
        Many(Vec<Trigger>),
        AtMostOne(Option<Trigger>),
    }
    Ok(match Stored::deserialize(source)? {
        Stored::Many(triggers) => triggers,
        Stored::AtMostOne(trigger) => trigger.into_iter().collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn happening(told: Told) -> Happening {
        Happening {
            told,
            event_id: Uuid::nil(),
            event_type: String::new(),
            told_at: at("2026-03-02T08:00:00Z"),
            interaction_id: Uuid::nil(),
            profile_id: Uuid::nil(),
            channel: "phone".to_owned(),
            direction: "DIRECTION_INBOUND".to_owned(),
            touchpoint: "support.call".to_owned(),
            stage: "JOURNEY_STAGE_RETENTION".to_owned(),
            outcome: "resolved".to_owned(),
            product: "North".to_owned(),
            agent_id: "7".to_owned(),
            occurred_at: at("2026-03-02T07:00:00Z"),
            closed_at: None,
        }
    }

    fn asks(trigger: &Trigger, happened: &Happening, left: Option<&str>) -> bool {
        trigger.asks(rule(&trigger.condition).unwrap().as_ref(), happened, left)
    }

    #[test]
    fn each_kind_of_trigger_waits_for_its_own_event() {
        let on = |on| Trigger {
            on,
            ..Trigger::default()
        };
        let (recorded, closed) = (happening(Told::Recorded), happening(Told::Closed));
        assert!(asks(&on(Occurrence::Recorded), &recorded, None));
        assert!(!asks(&on(Occurrence::Recorded), &closed, None));
        assert!(asks(&on(Occurrence::Closed), &closed, None));
        assert!(!asks(&on(Occurrence::Closed), &recorded, None));
        assert!(asks(&on(Occurrence::StageReached), &recorded, Some("")));
        assert!(!asks(&on(Occurrence::StageReached), &recorded, None));
    }

    #[test]
    fn a_condition_restricts_and_what_it_cannot_read_is_false() {
        let when = |condition: &str| Trigger {
            on: Occurrence::Closed,
            condition: condition.to_owned(),
            ..Trigger::default()
        };
        let took_long = r#"interaction.closed_at - interaction.occurred_at > duration("24h")"#;
        let mut closed = happening(Told::Closed);
        assert!(
            !asks(&when(took_long), &closed, None),
            "it is not said when it was closed"
        );
        closed.closed_at = Some(at("2026-03-02T08:00:00Z"));
        assert!(!asks(&when(took_long), &closed, None));
        closed.closed_at = Some(at("2026-03-04T08:00:00Z"));
        assert!(asks(&when(took_long), &closed, None));
        assert!(asks(
            &when(r#"interaction.outcome in ["resolved", "refunded"]"#),
            &closed,
            None
        ));
        assert!(!asks(&when(r#"interaction.agent_id == "8""#), &closed, None));
        for wrong in [
            "interaction.mood == 1",
            "interaction.closed_at",
            "answers.score > 2",
        ] {
            assert!(rule(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_stage_is_reached_when_it_is_another_one_and_nothing_later_is_known() {
        let mut known = None;
        let mut step = |stage: &str, occurred_at: &str| {
            let happened = Happening {
                stage: stage.to_owned(),
                occurred_at: at(occurred_at),
                ..happening(Told::Recorded)
            };
            happened.reach(&mut known)
        };
        assert_eq!(step("A", "2026-03-01T00:00:00Z"), Some(String::new()));
        assert_eq!(step("A", "2026-03-03T00:00:00Z"), None);
        assert_eq!(
            step("B", "2026-03-02T00:00:00Z"),
            None,
            "told late: they were back at A since"
        );
        assert_eq!(step("", "2026-03-04T00:00:00Z"), None);
        assert_eq!(step("B", "2026-03-04T00:00:00Z"), Some("A".to_owned()));
        assert_eq!(step("A", "2026-03-05T00:00:00Z"), Some("B".to_owned()));
    }

    #[test]
    fn what_was_stored_when_there_was_one_trigger_is_read() {
        #[derive(Deserialize)]
        struct Holder {
            #[serde(default, alias = "trigger", deserialize_with = "stored")]
            triggers: Vec<Trigger>,
        }
        let read = |text: &str| serde_json::from_str::<Holder>(text).unwrap().triggers;
        let one = r#"{"touchpoints":["support.call"],"channels":[],"stages":[],"delay_minutes":60}"#;
        let expected = Trigger {
            touchpoints: vec!["support.call".to_owned()],
            delay_minutes: 60,
            ..Trigger::default()
        };
        assert_eq!(
            read(&format!(r#"{{"trigger":{one}}}"#)),
            std::slice::from_ref(&expected)
        );
        assert_eq!(read(r#"{"trigger":null}"#), []);
        assert_eq!(read("{}"), []);
        let kept = serde_json::to_string(&[expected.clone(), expected.clone()]).unwrap();
        assert_eq!(
            read(&format!(r#"{{"triggers":{kept}}}"#)),
            [expected.clone(), expected]
        );
    }
}
