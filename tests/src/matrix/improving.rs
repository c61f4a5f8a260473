//! What a tenant of the matrix does about it: goals, issues, initiatives and pilots in every state that a method asks for.

use attune_api::feedback::v1 as feedback;
use attune_api::improvement::v1 as improvement;
use attune_testkit::Failure;
use chrono::TimeDelta;
use prost_types::Timestamp;

use super::World;
use super::world::text;

impl World {
    /// Goals, with the principle they serve and the answers that their baseline is made of.
    pub(super) async fn aim(&mut self) -> Result<(), Failure> {
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

    pub(super) async fn improve(&mut self) -> Result<(), Failure> {
        // The issue that nobody works on.
        let free = self.call("CreateIssue", &[]).await?;
        self.keep("free_issue_id", &text(&free, "issue.issue_id")?);
        // Two that are the same.
        for name in ["survivor_issue_id", "same_issue_id"] {
            let issue = self.call("CreateIssue", &[]).await?;
            self.keep(name, &text(&issue, "issue.issue_id")?);
        }
        self.report_two_in_one().await?;
        self.complain_later().await?;
        self.leave_undecided().await?;
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
        for name in ["later_action_id", "action_id"] {
            let added = self.call("AddAction", &[]).await?;
            self.keep(name, &text(&added, "action_id")?);
        }
        // Its issue has to do with others.
        for other in ["free_issue_id", "same_issue_id"] {
            let other = self.known(other)?.to_owned();
            self.call("RelateIssues", &[("to_issue_id", &other)]).await?;
            self.call("AssessSeverity", &[]).await?;
        }
        self.account().await
    }

    /// An issue that is two: the person said the one thing and the other.
    async fn report_two_in_one(&mut self) -> Result<(), Failure> {
        let other = self.call("SubmitFeedback", &[]).await?;
        let issue = improvement::Issue {
            title: format!("Two problems of {}", self.marker),
            topic_id: self.known("topic_id")?.to_owned(),
            ..Default::default()
        };
        let hit = improvement::CohortEntry {
            profile_id: self.known("profile_id")?.to_owned(),
            feedback_ids: vec![
                self.known("feedback_id")?.to_owned(),
                text(&other, "feedback.feedback_id")?,
            ],
            ..Default::default()
        };
        let request = improvement::CreateIssueRequest {
            issue: Some(issue),
            cohort: vec![hit],
            ..Default::default()
        };
        let whole = self.tenant.issues().create_issue(request).await?.into_inner();
        let whole = whole.issue.ok_or("no issue")?;
        self.keep("whole_issue_id", &whole.issue_id);
        Ok(())
    }

    /// An issue that somebody spoke of after its cohort was fixed.
    async fn complain_later(&mut self) -> Result<(), Failure> {
        let issue = improvement::Issue {
            title: format!("Cancelled flights of {}", self.marker),
            // The topic that its text is found to be about.
            topic_id: "cancellation".to_owned(),
            ..Default::default()
        };
        let request = improvement::CreateIssueRequest {
            issue: Some(issue),
            ..Default::default()
        };
        let issue = self.tenant.issues().create_issue(request).await?.into_inner();
        let issue = issue.issue.ok_or("no issue")?;
        self.keep("later_issue_id", &issue.issue_id);
        // Nobody known says it: a customer's would open a recovery case as well.
        let complaint = feedback::Feedback {
            channel: "social".to_owned(),
            text: format!("My flight was cancelled and nobody told me, {}", self.marker),
            occurred_at: issue.opened_at,
            ..Default::default()
        };
        self.submit(vec![complaint]).await
    }

    /// An initiative whose work has not begun, and one that is only proposed.
    async fn leave_undecided(&mut self) -> Result<(), Failure> {
        self.plan().await?;
        let planned = self.known("initiative_id")?.to_owned();
        self.keep("startable_initiative_id", &planned);
        let issue = self.call("CreateIssue", &[]).await?;
        let initiative = improvement::Initiative {
            issue_id: text(&issue, "issue.issue_id")?,
            title: format!("A wish of {}", self.marker),
            hypothesis: "If it is approved, then fewer complain".to_owned(),
            owner: format!("Ada {}", self.marker),
            target: Some(improvement::Target {
                metric: "topic_share".to_owned(),
                smallest_relative_effect: 0.3,
                deadline_days: 14,
            }),
            ..Default::default()
        };
        let request = improvement::CreateInitiativeRequest {
            initiative: Some(initiative),
            propose: true,
            ..Default::default()
        };
        let mut initiatives = self.tenant.initiatives();
        let proposed = initiatives.create_initiative(request).await?.into_inner();
        let proposed = proposed.initiative.ok_or("no initiative")?;
        self.keep("proposed_initiative_id", &proposed.initiative_id);
        Ok(())
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

    pub(super) async fn look_up_message(&mut self) -> Result<(), Failure> {
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
}
