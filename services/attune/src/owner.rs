//! The part a company's people play in a replay: they turn every issue into an initiative, carry out its
//! actions, declare what went live, and try again when the verdict sends them back. All of it through the API.

use std::collections::HashSet;

use anyhow::Context as _;
use attune_api::improvement::v1::{
    Action, AddActionRequest, CompleteActionRequest, CreateInitiativeRequest, Department,
    GetInitiativeRequest, Initiative, InitiativeState, Issue, IssueState, Iteration, ListIssuesRequest,
    RollOutInitiativeRequest, Target,
};
use attune_rpc::{instant, timestamp};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::letter;
use crate::platform::{PAGE, Platform, ask};
use crate::timetable::{Rollout, Timetable, full_hour};

/// The smallest relative fall worth having, as the platform's own default.
const SMALLEST_EFFECT: f64 = 0.3;

/// The departments that are told, with their addresses under a reserved domain.
pub(crate) const DEPARTMENTS: [(&str, &str); 2] = [
    ("Customer care", "care@staff.example.com"),
    ("Operations", "operations@staff.example.com"),
];

/// The people who answer for initiatives.
#[derive(Debug)]
pub(crate) struct Owner {
    platform: Platform,
    timetable: Timetable,
    template_id: String,
    known: HashSet<String>,
    cases: Vec<Case>,
}

/// An initiative and what is next for it.
#[derive(Debug)]
struct Case {
    initiative_id: String,
    product: String,
    topic_id: String,
    iteration: i32,
    next: Next,
}

#[derive(Clone, Debug)]
enum Next {
    /// The change goes live.
    RollOut(Rollout),
    /// A look of the plan.
    Look(DateTime<Utc>),
    /// Nothing that the data reach.
    Nothing,
}

impl Case {
    fn due(&self) -> Option<DateTime<Utc>> {
        match &self.next {
            Next::RollOut(rollout) => Some(rollout.at),
            Next::Look(at) => Some(*at),
            Next::Nothing => None,
        }
    }

    fn subject(&self) -> (&str, &str) {
        (&self.product, &self.topic_id)
    }
}

impl Owner {
    /// Prepares the letter to customers.
    pub(crate) async fn new(platform: Platform, timetable: Timetable) -> anyhow::Result<Self> {
        let template_id = letter::create(&platform).await?;
        Ok(Self {
            platform,
            timetable,
            template_id,
            known: HashSet::new(),
            cases: Vec::new(),
        })
    }

    /// The next full hour at which there is something to do within the time observed.
    pub(crate) fn next_due(&self) -> Option<DateTime<Utc>> {
        self.cases
            .iter()
            .filter_map(Case::due)
            .map(full_hour)
            .min()
            .filter(|due| *due <= self.timetable.end())
    }

    /// How many issues they took up.
    pub(crate) fn issues(&self) -> usize {
        self.cases.len()
    }

    /// Does what there is to do at `now`; answers whether anything was done that the platform has to hear.
    pub(crate) async fn act(&mut self, now: DateTime<Utc>) -> anyhow::Result<bool> {
        let mut acted = false;
        for issue in self.new_issues().await? {
            self.take_up(issue, now).await?;
            acted = true;
        }
        let due: Vec<usize> = (0..self.cases.len())
            .filter(|place| {
                self.cases
                    .get(*place)
                    .and_then(Case::due)
                    .is_some_and(|due| due <= now)
            })
            .collect();
        for place in due {
            acted |= self.go_on(place, now).await?;
        }
        Ok(acted)
    }

    async fn new_issues(&mut self) -> anyhow::Result<Vec<Issue>> {
        let client = self.platform.issues();
        let request = ListIssuesRequest {
            state: IssueState::Open.into(),
            page_size: PAGE,
            ..Default::default()
        };
        let listed = ask("ListIssues", || {
            let (mut client, request) = (client.clone(), request.clone());
            async move { client.list_issues(request).await }
        })
        .await?;
        let mut new: Vec<Issue> = listed
            .issues
            .into_iter()
            .filter(|issue| issue.cohort_frozen && !self.known.contains(&issue.issue_id))
            .collect();
        new.reverse();
        self.known.extend(new.iter().map(|issue| issue.issue_id.clone()));
        Ok(new)
    }

    /// Plans an initiative for an issue.
    async fn take_up(&mut self, issue: Issue, now: DateTime<Utc>) -> anyhow::Result<()> {
        let mut case = Case {
            initiative_id: String::new(),
            product: issue.product.clone(),
            topic_id: issue.topic_id.clone(),
            iteration: 1,
            next: Next::Nothing,
        };
        let rollout = self.timetable.next(case.subject(), case.iteration, now);
        let request = CreateInitiativeRequest {
            initiative: Some(Initiative {
                issue_id: issue.issue_id,
                title: shortened(&format!("Do something about: {}", issue.title), 200),
                hypothesis: format!(
                    "If we remove what customers describe under \"{}\", then its share of the feedback will fall by \
                     at least {:.0} %.",
                    issue.title,
                    SMALLEST_EFFECT * 100.0
                ),
                owner: "Robin Vale, head of customer care (played by the demo)".to_owned(),
                departments: DEPARTMENTS
                    .map(|(name, email)| Department {
                        name: name.into(),
                        email: email.into(),
                    })
                    .into(),
                target: Some(Target {
                    metric: "topic_share".to_owned(),
                    smallest_relative_effect: SMALLEST_EFFECT,
                    deadline_days: self.timetable.deadline_days(case.subject(), now),
                }),
                ..Initiative::default()
            }),
            change: rollout
                .as_ref()
                .map(|rollout| rollout.change.clone())
                .unwrap_or_default(),
            request_id: request_id(),
            propose: false,
        };
        let client = self.platform.initiatives();
        let created = ask("CreateInitiative", || {
            let (mut client, request) = (client.clone(), request.clone());
            async move { client.create_initiative(request).await }
        });
        case.initiative_id = created.await?.initiative.unwrap_or_default().initiative_id;
        self.plan(&mut case, rollout, now).await?;
        self.cases.push(case);
        Ok(())
    }

    /// Gives the iteration its two actions, due before the rollout.
    async fn plan(
        &self,
        case: &mut Case,
        rollout: Option<Rollout>,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let live = rollout
            .as_ref()
            .map_or(self.timetable.end(), |rollout| rollout.at)
            .max(now);
        let halfway = now + (live - now) / 2;
        for (title, owner, due) in [
            (
                "Find out what causes it, with the quotes of the issue at hand",
                "Kim Osei, operations",
                halfway,
            ),
            (
                "Change it, and check that the change is with all customers",
                "Noa Brandt, operations",
                live,
            ),
        ] {
            let request = AddActionRequest {
                initiative_id: case.initiative_id.clone(),
                action: Some(Action {
                    title: title.to_owned(),
                    owner: owner.to_owned(),
                    due_at: Some(timestamp(due)),
                    ..Action::default()
                }),
                request_id: request_id(),
            };
            let client = self.platform.initiatives();
            ask("AddAction", || {
                let (mut client, request) = (client.clone(), request.clone());
                async move { client.add_action(request).await }
            })
            .await?;
        }
        case.next = rollout.map_or(Next::Nothing, Next::RollOut);
        Ok(())
    }

    async fn go_on(&mut self, place: usize, now: DateTime<Utc>) -> anyhow::Result<bool> {
        let mut case = self
            .cases
            .swap_remove(place.min(self.cases.len().saturating_sub(1)));
        let acted = match case.next.clone() {
            Next::RollOut(rollout) => self.roll_out(&mut case, rollout).await.map(|()| true),
            Next::Look(_) => self.hear_verdict(&mut case, now).await,
            Next::Nothing => Ok(false),
        };
        self.cases.push(case);
        let last = self.cases.len() - 1;
        self.cases.swap(place.min(last), last);
        acted
    }

    /// Completes the actions and declares the rollout.
    async fn roll_out(&self, case: &mut Case, rollout: Rollout) -> anyhow::Result<()> {
        let initiative = self.initiative(&case.initiative_id).await?;
        let current = initiative.iterations.last().cloned().unwrap_or_default();
        let client = self.platform.initiatives();
        for action in current
            .actions
            .iter()
            .filter(|action| action.completed_at.is_none())
        {
            let request = CompleteActionRequest {
                initiative_id: case.initiative_id.clone(),
                action_id: action.action_id.clone(),
                evidence: evidence(&rollout).to_owned(),
                request_id: request_id(),
            };
            ask("CompleteAction", || {
                let (mut client, request) = (client.clone(), request.clone());
                async move { client.complete_action(request).await }
            })
            .await?;
        }
        let request = RollOutInitiativeRequest {
            initiative_id: case.initiative_id.clone(),
            change: rollout.change,
            template_id: self.template_id.clone(),
            request_id: request_id(),
            pilot_override: None,
        };
        let rolled_out = ask("RollOutInitiative", || {
            let (mut client, request) = (client.clone(), request.clone());
            async move { client.roll_out_initiative(request).await }
        });
        let initiative = rolled_out.await?.initiative.unwrap_or_default();
        case.next = next_look(initiative.iterations.last(), DateTime::UNIX_EPOCH);
        Ok(())
    }

    /// Reads what a look decided, and plans the next iteration where it sent the initiative back.
    async fn hear_verdict(&self, case: &mut Case, now: DateTime<Utc>) -> anyhow::Result<bool> {
        let initiative = self.initiative(&case.initiative_id).await?;
        let current = initiative.iterations.last();
        match initiative.state() {
            InitiativeState::RolledOut | InitiativeState::Measuring => case.next = next_look(current, now),
            InitiativeState::Planned | InitiativeState::InProgress => {
                case.iteration = current.map_or(case.iteration, |iteration| iteration.number);
                let rollout = self.timetable.next(case.subject(), case.iteration, now);
                self.plan(case, rollout, now).await?;
                return Ok(true);
            }
            InitiativeState::Effective
            | InitiativeState::Stopped
            | InitiativeState::Ineffective
            | InitiativeState::Proposed
            | InitiativeState::Unspecified => {
                case.next = Next::Nothing;
            }
        }
        Ok(false)
    }

    async fn initiative(&self, initiative_id: &str) -> anyhow::Result<Initiative> {
        let client = self.platform.initiatives();
        let request = GetInitiativeRequest {
            initiative_id: initiative_id.to_owned(),
        };
        let found = ask("GetInitiative", || {
            let (mut client, request) = (client.clone(), request.clone());
            async move { client.get_initiative(request).await }
        });
        found
            .await?
            .initiative
            .context("GetInitiative answered without an initiative")
    }
}

/// The first look of the plan after `now`.
fn next_look(iteration: Option<&Iteration>, now: DateTime<Utc>) -> Next {
    let plan = iteration.and_then(|iteration| iteration.plan.as_ref());
    let looks = plan.map(|plan| plan.looks.as_slice()).unwrap_or_default();
    looks
        .iter()
        .filter_map(|look| instant(*look))
        .find(|look| *look > now)
        .map_or(Next::Nothing, Next::Look)
}

fn evidence(rollout: &Rollout) -> &'static str {
    if rollout.real {
        "live, says the list of changes"
    } else {
        "declared done by the demo, which knows of no real change"
    }
}

fn request_id() -> String {
    Uuid::now_v7().to_string()
}

fn shortened(text: &str, longest: usize) -> String {
    text.chars().take(longest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use attune_api::improvement::v1::MeasurementPlan;
    use chrono::TimeDelta;

    #[test]
    fn the_next_look_is_the_first_one_ahead() {
        let start: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
        let looks = [7, 14].map(|days| timestamp(start + TimeDelta::days(days)));
        let plan = MeasurementPlan {
            looks: looks.into(),
            ..MeasurementPlan::default()
        };
        let iteration = Iteration {
            plan: Some(plan),
            ..Iteration::default()
        };
        let ahead = |now| match next_look(Some(&iteration), now) {
            Next::Look(at) => Some(at),
            Next::RollOut(_) | Next::Nothing => None,
        };
        assert_eq!(ahead(start), Some(start + TimeDelta::days(7)));
        assert_eq!(
            ahead(start + TimeDelta::days(7)),
            Some(start + TimeDelta::days(14))
        );
        assert_eq!(ahead(start + TimeDelta::days(14)), None);
    }
}
