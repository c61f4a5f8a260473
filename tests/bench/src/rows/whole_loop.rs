//! The whole way of what customers say: taken in and understood, seen in the number, opened as a hot issue.
//!
//! Time is virtual, so that an hour is full when a sample wants it to be: what is timed is what the platform does,
//! without the wait for the hour. Meanwhile others say things at a steady rate.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use async_trait::async_trait;
use attune_api::feedback::v1::feedback_service_client::FeedbackServiceClient;
use attune_api::feedback::v1::hot_issue_service_client::HotIssueServiceClient;
use attune_api::feedback::v1::metric_service_client::MetricServiceClient;
use attune_api::feedback::v1::{
    Feedback, ListHotIssuesRequest, QueryMetricRequest, Slice, SubmitFeedbackRequest,
};
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::try_join_all;
use prost_types::Timestamp;
use sqlx::PgPool;
use tokio::task::JoinSet;
use tonic::Status;
use uuid::Uuid;

use super::{calm, detection};
use crate::content;
use crate::load::closed_loop;
use crate::measure::{Aim, Comparison, Latencies, Plan, Row, Sample, Side, compare};
use crate::postgres::OURS;
use crate::stage::{Caller, Stage};

/// What others say meanwhile, a second, and how many say it.
const RATE: f64 = 500.0;
const SPEAKERS: usize = 32;
/// Own topics of the tenant, at most; each leads to one hot issue.
const MOST_TOPICS: usize = 400;
/// Complaints that make a topic hot, beside some two an hour in the weeks before.
const COMPLAINTS: usize = 60;
/// Hot issues of one run, at most.
const MOST: usize = 20;
const MOST_QUICK: usize = 3;
const LOOK: Duration = Duration::from_millis(2);
const PATIENCE: Duration = Duration::from_secs(30);

/// What all sides share: the time, and which topics nobody has complained about yet.
struct World<'a> {
    stage: &'a Stage,
    pool: PgPool,
    /// Of the virtual time; the second that feedback is dated with.
    now: Arc<AtomicI64>,
    hour: Mutex<DateTime<Utc>>,
    unused: Mutex<Vec<usize>>,
}

impl World<'_> {
    fn hour(&self) -> DateTime<Utc> {
        *self.hour.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The current hour becomes full; answers it.
    fn fill_hour(&self) -> anyhow::Result<DateTime<Utc>> {
        let mut hour = self.hour.lock().unwrap_or_else(PoisonError::into_inner);
        *hour += TimeDelta::hours(1);
        self.now.store(hour.timestamp(), Ordering::Relaxed);
        self.stage.move_to(*hour)?;
        Ok(*hour)
    }
}

/// A topic's name and its one keyword, in letters alone: a word of no language.
fn word(topic: usize) -> String {
    let letter =
        |place: u32| char::from(b'a' + u8::try_from(topic / 20_usize.pow(place) % 20).unwrap_or_default());
    format!("zarquo{}{}", letter(1), letter(0))
}

/// Makes the topics known for as long as there is a history, and lets two persons an hour speak of each.
async fn fill(stage: &Stage, topics: usize) -> anyhow::Result<()> {
    detection::fill(stage, 0, 0).await?;
    let words: Vec<String> = (0..topics).map(|topic| format!("('{}')", word(topic))).collect();
    let statements = format!(
        "TRUNCATE feedback.topic, feedback.taxonomy CASCADE;
         INSERT INTO feedback.topic (created_at, topic_uid, tenant_id, topic_id, name, keywords, examples)
         SELECT '{start}'::timestamptz - interval '60 days', md5(word)::uuid, 'bench', word, word, ARRAY[word], '{{}}'
         FROM (VALUES {words}) AS words (word);
         INSERT INTO feedback.taxonomy (version, tenant_id) VALUES (1, 'bench');
         INSERT INTO feedback.slice_count (start, feedback, judged, negative, non_positive, tenant_id, grain, topic_id,
             product, channel, touchpoint)
         SELECT '{start}'::timestamptz + make_interval(hours => h), {hourly}, 0, 0, 0, 'bench', 'hour', '', 'premium',
             'web', 'checkout'
         FROM generate_series(-28 * 24, -1) AS h;
         INSERT INTO feedback.mention_count (start, mentions, tenant_id, topic_id, product)
         SELECT '{start}'::timestamptz + make_interval(hours => h), 1 + abs(hashtext(topic_id || h)) % 3, tenant_id,
             topic_id, 'premium'
         FROM feedback.topic CROSS JOIN generate_series(-28 * 24, -1) AS h;
         VACUUM ANALYZE feedback.mention_count",
        start = detection::start()?.to_rfc3339(),
        words = words.join(", "),
        hourly = RATE
    );
    for statement in statements.split(';') {
        stage.postgres.run(OURS, statement).await?;
    }
    Ok(())
}

/// Says something at an instant of virtual time, `about` a topic or anything.
async fn say(caller: Caller, second: i64, about: Option<String>) -> Result<(), Status> {
    let said = Feedback {
        occurred_at: Some(Timestamp {
            seconds: second,
            nanos: 0,
        }),
        ..content::feedback()
    };
    let feedback = match about {
        Some(word) => Feedback {
            profile_id: Uuid::new_v4().to_string(),
            rating: None,
            text: format!("The {word} was terrible. I am very disappointed and nobody helped me."),
            ..said
        },
        None => said,
    };
    let request = SubmitFeedbackRequest {
        feedback: Some(feedback),
        request_id: Uuid::new_v4().to_string(),
    };
    FeedbackServiceClient::new(caller)
        .submit_feedback(request)
        .await?;
    Ok(())
}

/// Those who say things meanwhile.
struct Speakers {
    tasks: JoinSet<Result<(), Status>>,
    said: Arc<AtomicU64>,
    began: Instant,
}

impl Speakers {
    async fn start(stage: &Stage, now: &Arc<AtomicI64>) -> anyhow::Result<Self> {
        let (mut tasks, said) = (JoinSet::new(), Arc::new(AtomicU64::new(0)));
        let period = Duration::from_secs_f64(SPEAKERS as f64 / RATE);
        let callers = stage.callers("feedback", SPEAKERS).await?;
        for caller in callers.into_iter().cycle().take(SPEAKERS) {
            tasks.spawn(speak(caller, Arc::clone(now), Arc::clone(&said), period));
        }
        Ok(Self {
            tasks,
            said,
            began: Instant::now(),
        })
    }

    /// Ends them and answers how much they said a second.
    async fn end(mut self) -> anyhow::Result<f64> {
        if let Some(ended) = self.tasks.try_join_next() {
            ended??;
            bail!("somebody ended by themselves");
        }
        let rate = self.said.load(Ordering::Relaxed) as f64 / self.began.elapsed().as_secs_f64();
        self.tasks.shutdown().await;
        Ok(rate)
    }
}

async fn speak(
    caller: Caller,
    now: Arc<AtomicI64>,
    said: Arc<AtomicU64>,
    period: Duration,
) -> Result<(), Status> {
    let mut ticks = tokio::time::interval(period);
    loop {
        ticks.tick().await;
        say(caller.clone(), now.load(Ordering::Relaxed), None).await?;
        said.fetch_add(1, Ordering::Relaxed);
    }
}

/// The whole way, of as many topics as fit into the time.
struct Way<'a> {
    world: &'a World<'a>,
    most: usize,
    rate: f64,
}

#[async_trait]
impl Side for Way<'_> {
    fn name(&self) -> String {
        format!("at {:.0} feedback/s", self.rate)
    }

    async fn prepare(&mut self) -> anyhow::Result<()> {
        calm(self.world.stage).await
    }

    async fn run(&mut self, timed: Duration) -> anyhow::Result<Sample> {
        let stage = self.world.stage;
        let speakers = Speakers::start(stage, &self.world.now).await?;
        let callers = stage.callers("feedback", COMPLAINTS).await?;
        let (before, end) = (stage.cpu(), Instant::now() + timed);
        let mut ways = Vec::new();
        while ways.len() < self.most && (ways.len() < MOST_QUICK || Instant::now() < end) {
            let topic = self
                .world
                .unused
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop();
            let topic = word(topic.context("every topic is hot")?);
            ways.push(one_way(self.world, &callers, &topic).await?);
        }
        let cpu = stage.cpu().since(before);
        self.rate = speakers.end().await?;
        let latencies = Latencies::of(ways);
        Ok(Sample {
            value: latencies.p99,
            latencies: Some(latencies),
            cpu,
        })
    }
}

/// From the last complaint about a topic to the hot issue.
async fn one_way(world: &World<'_>, callers: &[Caller], topic: &str) -> anyhow::Result<Duration> {
    let second = world.now.load(Ordering::Relaxed);
    let complain = |place: usize| {
        let caller = callers[place % callers.len()].clone();
        say(caller, second, Some(topic.to_owned()))
    };
    try_join_all((1..COMPLAINTS).map(complain)).await?;
    let (began, hour) = (Instant::now(), world.hour());
    complain(0).await?;
    while seen(callers[0].clone(), topic, hour).await? < i64::try_from(COMPLAINTS)? {
        patient(began, "the number does not show the complaints")?;
        tokio::time::sleep(LOOK).await;
    }
    world.fill_hour()?;
    while !opened(callers[0].clone(), topic).await? {
        patient(began, "no hot issue was opened")?;
        tokio::time::sleep(LOOK).await;
    }
    Ok(began.elapsed())
}

fn patient(began: Instant, missing: &str) -> anyhow::Result<()> {
    if began.elapsed() > PATIENCE {
        bail!("{missing} within {PATIENCE:?}");
    }
    Ok(())
}

/// How many complaints the number of the hour counts.
async fn seen(caller: Caller, topic: &str, hour: DateTime<Utc>) -> Result<i64, Status> {
    let at = |instant: DateTime<Utc>| Timestamp {
        seconds: instant.timestamp(),
        nanos: 0,
    };
    let request = QueryMetricRequest {
        metric: "topic_share".to_owned(),
        slice: Some(Slice {
            topic_id: topic.to_owned(),
            ..Slice::default()
        }),
        start: Some(at(hour)),
        end: Some(at(hour + TimeDelta::hours(1))),
        ..QueryMetricRequest::default()
    };
    let answer = MetricServiceClient::new(caller).query_metric(request).await?;
    Ok(answer.into_inner().values.first().map_or(0, |value| value.count))
}

/// Whether the newest hot issues have one of the topic.
async fn opened(caller: Caller, topic: &str) -> Result<bool, Status> {
    let answer = HotIssueServiceClient::new(caller)
        .list_hot_issues(ListHotIssuesRequest::default())
        .await?;
    let newest = answer.into_inner().hot_issues;
    Ok(newest.iter().any(|issue| issue.topic_id == topic))
}

/// One stage of the way with nothing else going on.
#[derive(Clone, Copy, Debug)]
enum Part {
    TakenIn,
    Number,
    Looked,
}

struct Alone<'a> {
    world: &'a World<'a>,
    part: Part,
}

#[async_trait]
impl Side for Alone<'_> {
    fn name(&self) -> String {
        match self.part {
            Part::TakenIn => "SubmitFeedback alone",
            Part::Number => "QueryMetric alone",
            Part::Looked => "the hourly look alone",
        }
        .to_owned()
    }

    async fn prepare(&mut self) -> anyhow::Result<()> {
        calm(self.world.stage).await
    }

    async fn run(&mut self, timed: Duration) -> anyhow::Result<Sample> {
        let World { stage, now, .. } = self.world;
        let caller = stage.callers("feedback", 1).await?.remove(0);
        let (second, hour) = (now.load(Ordering::Relaxed), self.world.hour());
        match self.part {
            Part::TakenIn => closed_loop(stage, 1, timed, move |_| say(caller.clone(), second, None))
                .await
                .map(Sample::by_p99),
            Part::Number => closed_loop(stage, 1, timed, move |_| {
                let caller = caller.clone();
                async move { seen(caller, &word(0), hour).await.map(|_| ()) }
            })
            .await
            .map(Sample::by_p99),
            Part::Looked => {
                let (before, full) = (stage.cpu(), Instant::now());
                let hour = self.world.fill_hour()?;
                detection::looked(&self.world.pool, hour).await?;
                let cpu = stage.cpu().since(before);
                Ok(Sample::median_of(vec![full.elapsed()], cpu))
            }
        }
    }
}

/// Measures the way and its stages alone.
pub(crate) async fn measure(stage: &mut Stage, plan: &Plan) -> anyhow::Result<Vec<Comparison>> {
    let start = detection::start()?;
    stage.virtual_time(start).await?;
    let most = if plan.quick {
        MOST_QUICK
    } else {
        ((MOST_TOPICS - 1) / (plan.pairs + 1)).clamp(1, MOST)
    };
    let topics = most * (plan.pairs + 1) + 1;
    fill(stage, topics).await?;
    stage.run_only(&["feedback"]).await?;
    let world = World {
        stage,
        pool: stage.postgres.pool(OURS, 1).await?,
        now: Arc::new(AtomicI64::new(start.timestamp())),
        hour: Mutex::new(start),
        unused: Mutex::new((1..topics).rev().collect()),
    };
    detection::looked(&world.pool, start).await?;
    let row = Row {
        work: format!(
            "whole loop, from feedback to hot issue, p99, aimed at {RATE} feedback/s (the slowest stage counts)"
        ),
        unit: "ms",
        aim: Aim::Itself(1_000.0),
    };
    let mut way = Way {
        world: &world,
        most,
        rate: 0.0,
    };
    let mut taken_in = Alone {
        world: &world,
        part: Part::TakenIn,
    };
    let mut number = Alone {
        world: &world,
        part: Part::Number,
    };
    let mut looked = Alone {
        world: &world,
        part: Part::Looked,
    };
    compare(
        plan,
        row,
        &mut way,
        &mut [&mut taken_in, &mut number, &mut looked],
    )
    .await
}
