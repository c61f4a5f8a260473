//! Story 4: CSAT is to go from 86 % to 92 % by 30 June. The baseline is frozen, progress is always the same number
//! everywhere, being off track raises an alert, reaching it is recorded.

use attune_api::events::v1::SubscribeRequest;
use attune_api::feedback::v1 as fb;
use attune_api::improvement::v1::{self as imp, GoalState, GoalTrack};
use attune_testkit::{Failure, Tenant, TestPlatform};
use chrono::{DateTime, TimeDelta, Utc};
use futures::stream;
use prost::{Message as _, Name as _};
use prost_types::Timestamp;

/// Answers a day.
const ANSWERS: usize = 100;

#[tokio::test(flavor = "multi_thread")]
async fn satisfaction_goes_from_86_to_92_percent_by_the_end_of_june() -> Result<(), Failure> {
    let platform = TestPlatform::start_at("2026-05-01T00:00:00Z".parse()?).await?;
    let company = Company {
        somebody: platform.tenant("harbour-bank"),
        platform: &platform,
    };

    // Two weeks in which 86 of 100 customers are satisfied, and a goal that says what is wanted instead.
    for day in 1..=14 {
        company.answer(platform.now() - TimeDelta::days(day), 86).await?;
    }
    let principle = company.adopt("Nobody has to ask twice").await?;
    let goal = company.set_goal(&principle).await?;
    let baseline = goal.baseline.clone().ok_or("no baseline")?;
    assert_eq!(baseline.value, Some(0.86));
    assert_eq!(baseline.n, 1400);
    assert!(baseline.low < Some(0.86) && baseline.high > Some(0.86));

    // Four weeks in which nothing changes: as it goes, the goal will not be reached, and somebody is told so.
    company.live(28, 86).await?;
    let off = company.goal(&goal.goal_id).await?;
    assert_eq!((off.state(), off.track()), (GoalState::Open, GoalTrack::OffTrack));
    assert_eq!(off.baseline.as_ref(), Some(&baseline), "the baseline moved");
    let projection = off
        .latest
        .as_ref()
        .and_then(|latest| latest.projection)
        .ok_or("no projection")?;
    assert!(projection.high < off.target, "{projection:?}");
    company.assert_everybody_is_told_the_same(&off).await?;

    // Then what was wrong is put right.
    company.live(14, 95).await?;
    let reached = company.goal(&goal.goal_id).await?;
    assert_eq!(reached.state(), GoalState::Reached, "{reached:?}");
    let decided = reached.latest.clone().ok_or("no number")?;
    assert!(decided.value >= Some(reached.target) && decided.low > baseline.value);
    assert!(decided.progress >= Some(1.0));
    let seconds = |at: Option<Timestamp>| at.map(|at| at.seconds);
    assert!(seconds(reached.closed_at) < seconds(reached.deadline) && !reached.reason.is_empty());
    company.assert_everybody_is_told_the_same(&reached).await?;

    // What happened afterwards does not change what was reached, and the feed tells the story once.
    company.live(3, 60).await?;
    assert_eq!(company.goal(&goal.goal_id).await?, reached);
    let told = company.told().await?;
    let names: Vec<_> = told.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.first(), Some(&"GoalSet"));
    assert_eq!(names.last(), Some(&"GoalReached"));
    assert_eq!(
        names.iter().filter(|name| **name == "GoalWentOffTrack").count(),
        1
    );
    let (_, last) = told.last().ok_or("nothing was told")?;
    assert_eq!(
        last.latest.as_ref(),
        Some(&decided),
        "the event shows another number"
    );
    platform.stop().await;
    Ok(())
}

/// A company, and the platform it lives on.
struct Company<'p> {
    platform: &'p TestPlatform,
    somebody: Tenant,
}

impl Company<'_> {
    /// A hundred customers answer on the day that begins at `day`; so many of them are satisfied.
    async fn answer(&self, day: DateTime<Utc>, satisfied: usize) -> Result<(), Failure> {
        let answer = |place: usize| fb::Feedback {
            channel: "survey".to_owned(),
            product: "accounts".to_owned(),
            rating: Some(fb::Rating {
                kind: fb::RatingKind::Csat.into(),
                value: if place < satisfied { 5 } else { 2 },
            }),
            occurred_at: Some(Timestamp {
                seconds: day.timestamp() + 600 * i64::try_from(place).unwrap_or_default(),
                nanos: 0,
            }),
            ..fb::Feedback::default()
        };
        let request = fb::SubmitFeedbackStreamRequest {
            feedback: (0..ANSWERS).map(answer).collect(),
        };
        let answers = self
            .somebody
            .feedback()
            .submit_feedback_stream(stream::iter([request]))
            .await?;
        let mut answers = answers.into_inner();
        while let Some(answer) = answers.message().await? {
            if let Some(problem) = answer.results.iter().flat_map(|result| &result.problems).next() {
                return Err(format!("{}: {}", problem.field, problem.description).into());
            }
        }
        Ok(())
    }

    /// Days pass, and each evening so many of a hundred customers have been satisfied.
    async fn live(&self, days: i64, satisfied: usize) -> Result<(), Failure> {
        for _ in 0..days {
            let morning = self.platform.now();
            self.platform.advance_to(morning + TimeDelta::hours(23)).await?;
            self.answer(morning, satisfied).await?;
            self.platform.advance_to(morning + TimeDelta::days(1)).await?;
        }
        Ok(())
    }

    async fn adopt(&self, name: &str) -> Result<String, Failure> {
        let request = imp::CreatePrincipleRequest {
            principle: Some(imp::Principle {
                name: name.to_owned(),
                statement: "We settle what a customer asks for at the first contact".to_owned(),
                ..imp::Principle::default()
            }),
            request_id: String::new(),
        };
        let adopted = self
            .somebody
            .principles()
            .create_principle(request)
            .await?
            .into_inner();
        Ok(adopted.principle.ok_or("no principle")?.principle_id)
    }

    async fn set_goal(&self, principle_id: &str) -> Result<imp::Goal, Failure> {
        let deadline: DateTime<Utc> = "2026-06-30T22:00:00Z".parse()?;
        let goal = imp::Goal {
            name: "CSAT of accounts from 86 % to 92 %".to_owned(),
            owner: "Ines Marte".to_owned(),
            metric: "csat".to_owned(),
            slice: Some(imp::FeedbackSlice {
                product: "accounts".to_owned(),
                ..imp::FeedbackSlice::default()
            }),
            target: 0.92,
            deadline: Some(Timestamp {
                seconds: deadline.timestamp(),
                nanos: 0,
            }),
            window_days: 14,
            principle_ids: vec![principle_id.to_owned()],
            ..imp::Goal::default()
        };
        let request = imp::CreateGoalRequest {
            goal: Some(goal),
            request_id: String::new(),
        };
        let set = self.somebody.goals().create_goal(request).await?.into_inner();
        Ok(set.goal.ok_or("no goal")?)
    }

    async fn goal(&self, goal_id: &str) -> Result<imp::Goal, Failure> {
        let request = imp::GetGoalRequest {
            goal_id: goal_id.to_owned(),
        };
        let goal = self.somebody.goals().get_goal(request).await?.into_inner();
        Ok(goal.goal.ok_or("no goal")?)
    }

    /// The goal, the list, the history and the feedback service itself say the same.
    async fn assert_everybody_is_told_the_same(&self, goal: &imp::Goal) -> Result<(), Failure> {
        let latest = goal.latest.as_ref().ok_or("no number")?;
        let listed = self
            .somebody
            .goals()
            .list_goals(imp::ListGoalsRequest::default())
            .await?;
        assert_eq!(listed.into_inner().goals, std::slice::from_ref(goal));
        let request = imp::ListGoalProgressRequest {
            goal_id: goal.goal_id.clone(),
            page_size: 200,
            ..imp::ListGoalProgressRequest::default()
        };
        let history = self
            .somebody
            .goals()
            .list_goal_progress(request)
            .await?
            .into_inner()
            .measurements;
        assert_eq!(history.last(), Some(latest));
        assert_eq!(i64::try_from(history.len())?, i64::from(latest.number) + 1);

        let request = fb::QueryMetricRequest {
            metric: goal.metric.clone(),
            slice: Some(fb::Slice {
                product: "accounts".to_owned(),
                ..fb::Slice::default()
            }),
            start: latest.start,
            end: latest.end,
            step: fb::Step::Unspecified.into(),
            taxonomy_version: None,
        };
        let asked = self.somebody.metrics().query_metric(request).await?.into_inner();
        let number = asked.values.first().ok_or("no number")?;
        assert_eq!(
            (number.value, number.low, number.high, number.n, number.version),
            (
                latest.value,
                latest.low,
                latest.high,
                latest.n,
                latest.definition_version
            )
        );
        Ok(())
    }

    /// What the feed tells about goals.
    async fn told(&self) -> Result<Vec<(String, imp::Goal)>, Failure> {
        let request = SubscribeRequest {
            source: "improvement".to_owned(),
            after: String::new(),
            types: vec![
                imp::GoalSet::full_name(),
                imp::GoalWentOffTrack::full_name(),
                imp::GoalCameBackOnTrack::full_name(),
                imp::GoalReached::full_name(),
                imp::GoalMissed::full_name(),
            ],
        };
        let feed = self.somebody.events(&self.somebody.channels().improvement);
        let mut responses = { feed }.subscribe(request).await?.into_inner();
        let mut told = Vec::new();
        while let Some(response) = responses.message().await? {
            for event in response.events {
                let name = event.r#type.rsplit('.').next().unwrap_or_default().to_owned();
                // Each of these events holds a goal as its first field, and nothing else.
                let goal = imp::GoalSet::decode(&*event.data)?.goal.ok_or("no goal")?;
                told.push((name, goal));
            }
            if response.caught_up {
                break;
            }
        }
        Ok(told)
    }
}
