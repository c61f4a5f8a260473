//! Hearing of occasions.

use std::collections::HashMap;

use attune_database::Tx;
use attune_rules::Rule;
use uuid::Uuid;

use crate::domain::invitation::{Cause, Occasion};
use crate::domain::survey::{Happening, PersonStage, Survey, Trigger, rule};
use crate::error::Error;
use crate::store;
use crate::timers::invite;

/// A survey that is asked now, its triggers ready to be held against events.
struct Asking<'a> {
    survey: &'a Survey,
    triggers: Vec<(usize, &'a Trigger, Option<Rule>)>,
}

/// Holds events against the surveys that are asked now; each occasion that is new waits for its time, in the
/// transaction in which the events count as heard. Whether the person is asked is decided when that time has come.
pub(crate) async fn hear(tx: &mut Tx, heard: &[Happening]) -> Result<(), Error> {
    let left = follow(tx, heard).await?;
    let surveys = store::survey::all_asked(tx).await?;
    let asking: Vec<Asking<'_>> = surveys.iter().map(Asking::of).collect();
    for (happened, left) in heard.iter().zip(&left) {
        if happened.is_history() {
            continue;
        }
        for asking in &asking {
            let Some((place, trigger)) = asking.first_that_fits(happened, left.as_deref()) else {
                continue;
            };
            let id = Uuid::now_v7();
            if store::invitation::insert(tx, id, &asking.occasion(happened, place)).await? {
                invite::schedule(tx, id, trigger.due(happened.told_at)).await?;
            }
        }
    }
    Ok(())
}

/// Follows the persons through the stages of the journey. Answers for each event the stage that its person left by it,
/// none where they left none.
async fn follow(tx: &mut Tx, heard: &[Happening]) -> Result<Vec<Option<String>>, sqlx::Error> {
    let mut people: Vec<Uuid> = heard.iter().map(|happened| happened.profile_id).collect();
    people.sort_unstable();
    people.dedup();
    let before = store::stage::of(tx, &people).await?;
    let mut known: HashMap<Uuid, Option<PersonStage>> = before.clone();
    let left = heard
        .iter()
        .map(|happened| happened.reach(known.entry(happened.profile_id).or_default()))
        .collect();
    let mut changed: Vec<(Uuid, PersonStage)> = known
        .into_iter()
        .filter(|(profile_id, stage)| before.get(profile_id).unwrap_or(&None) != stage)
        .filter_map(|(profile_id, stage)| stage.map(|stage| (profile_id, stage)))
        .collect();
    changed.sort_unstable_by_key(|(profile_id, _)| *profile_id);
    store::stage::keep(tx, &changed).await?;
    Ok(left)
}

impl<'a> Asking<'a> {
    fn of(survey: &'a Survey) -> Self {
        let triggers = survey.definition.triggers.iter().enumerate();
        let ready = triggers.filter_map(|(place, trigger)| match rule(&trigger.condition) {
            Ok(rule) => Some((place, trigger, rule)),
            Err(problems) => {
                // It was checked when the version was made; only another checker since then leads here.
                tracing::error!(%problems, survey_id = %survey.survey_id, "a stored trigger's condition is refused; it asks nobody");
                None
            }
        });
        Self {
            survey,
            triggers: ready.collect(),
        }
    }

    fn first_that_fits(&self, happened: &Happening, left: Option<&str>) -> Option<(usize, &'a Trigger)> {
        let mut triggers = self.triggers.iter();
        let found = triggers.find(|(_, trigger, rule)| trigger.asks(rule.as_ref(), happened, left));
        found.map(|(place, trigger, _)| (*place, *trigger))
    }

    /// An interaction is one occasion of a survey, whatever is told of it.
    fn occasion(&self, happened: &Happening, trigger: usize) -> Occasion {
        Occasion {
            survey_id: self.survey.survey_id,
            profile_id: happened.profile_id,
            occasion: happened.interaction_id.to_string(),
            interaction_id: Some(happened.interaction_id),
            touchpoint: happened.touchpoint.clone(),
            product: happened.product.clone(),
            agent_id: happened.agent_id.clone(),
            team: String::new(),
            stage: happened.stage.clone(),
            segments: Vec::new(),
            cause: Some(Cause {
                event_type: happened.event_type.clone(),
                event_id: happened.event_id,
                event_time: happened.told_at,
                survey_version: self.survey.number,
                trigger,
            }),
        }
    }
}
