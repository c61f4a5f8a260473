//! Looking for hot issues: one run for one tenant and one full hour.
//!
//! The rules of a run:
//!
//! - It looks at when things were said, not at when they arrived: what arrives late is in the series of the next
//!   run.
//! - A topic is compared with hours in which it was coded as it is now; others are left out.
//! - A topic above others and those below it count the same mentions: at most one of a line has an open hot issue, the
//!   lowest that is found.
//! - A topic has at most one open hot issue. While one is open, every further finding of its topic belongs to it,
//!   whatever product it is about; the record of the run says what it absorbed.
//! - An issue of one product whose topic is found hot elsewhere too is widened to all products, once: it keeps the
//!   numbers it was opened with, its record says why it was widened, and everybody who said it since the beginning
//!   of the first window, in any of its products, joins its cohort.
//! - But for that the cohort is frozen when the issue is opened.

mod run;
mod widening;

use std::collections::BTreeMap;

use attune_database::Tx;
use attune_stats::hot::{self, HotCell, Settings};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use self::run::Run;
use self::widening::widen;
use crate::analysis::TenantTaxonomy;
use crate::domain::{
    Cohort, Evidence, HotIssue, HotIssueState, Notice, Outcome, Ruling, Series, Window, representative,
};
use crate::error::Error;
use crate::{events, store};

/// Quotes of one hot issue.
const QUOTES: usize = 5;
/// Pieces of evidence that quotes are chosen from.
const QUOTED_FROM: usize = 300;

/// Runs for `hour`, a full hour, unless that or a later one was run before.
pub(crate) async fn run(tx: &mut Tx, taxonomy: &TenantTaxonomy, hour: DateTime<Utc>) -> Result<(), Error> {
    let last = store::detection::last_run(tx).await?;
    if last.is_some_and(|last| last >= hour) {
        return Ok(());
    }
    let skipped = last.map_or(0, |last| (hour - last).num_hours() - 1);
    let series = load(tx, taxonomy, hour).await?;
    let coded_since = coded_since(tx, taxonomy, &series).await?;
    let settings = Settings::default();
    let result = test(&series, &coded_since, &settings).await?;
    let skipped_hours = i32::try_from(skipped).unwrap_or(i32::MAX);
    let run = Run {
        hour,
        taxonomy,
        settings,
        series,
        coded_since,
        result,
        skipped_hours,
    };
    let mut open = store::hot_issue::lock_open(tx).await?;
    let ended = follow(tx, &run, &mut open).await?;
    let mut rulings = rule(tx, &run, &open).await?;
    rulings.extend(widen(tx, &run, &mut open).await?);
    take_notice(tx, &run).await?;
    let record = run.record(rulings, ended);
    store::detection::record(tx, &record).await?;
    tracing::debug!(%hour, record.tested, record.opened, record.ended, skipped_hours, "looked for hot issues");
    Ok(())
}

async fn load(tx: &mut Tx, taxonomy: &TenantTaxonomy, hour: DateTime<Utc>) -> Result<Series, Error> {
    let mut series = Series::until(hour);
    let window = series.window();
    for row in store::series::totals(tx, window).await? {
        series.add_version(row.start, row.taxonomy_version);
        series.add_total(row.product, row.start, row.feedback);
    }
    for row in store::series::mentions(tx, window).await? {
        // An archived topic falls silent by somebody's decision.
        if taxonomy.topics.contains_key(&row.topic_id) {
            series.add_mentions(row.topic_id, row.product, row.start, row.mentions);
        }
    }
    Ok(series)
}

/// From when on each topic was coded as it is now: what was counted before that is no measure of what is usual.
async fn coded_since(
    tx: &mut Tx,
    taxonomy: &TenantTaxonomy,
    series: &Series,
) -> Result<BTreeMap<String, DateTime<Utc>>, Error> {
    let lineages = store::taxonomy::lineages(tx).await?;
    let since = |(topic_id, lineage)| Some((topic_id, series.coded_since(&lineage, taxonomy.version)?));
    Ok(lineages.into_iter().filter_map(since).collect())
}

/// The statistics, on a thread that may be kept busy.
async fn test(
    series: &Series,
    coded_since: &BTreeMap<String, DateTime<Utc>>,
    settings: &Settings,
) -> Result<hot::Run, Error> {
    let since = coded_since.iter().map(|(topic, since)| (topic.as_str(), *since));
    let history = series.history(since)?;
    let settings = settings.clone();
    Ok(tokio::task::spawn_blocking(move || hot::detect(&history, &settings)).await?)
}

/// Brings the open issues up to date and answers how many are over.
async fn follow(tx: &mut Tx, run: &Run<'_>, open: &mut [HotIssue]) -> Result<usize, Error> {
    let mut ended = 0;
    for issue in open {
        let over = issue.observe(run.hour, run.sight_of(issue));
        if over {
            ended += 1;
            issue.version += 1;
            events::hot_issue_ended(tx, issue).await?;
        }
        store::hot_issue::update_course(tx, issue).await?;
    }
    Ok(ended)
}

/// Opens an issue for each finding whose topic has none open; answers what was decided about each.
async fn rule(tx: &mut Tx, run: &Run<'_>, open: &[HotIssue]) -> Result<Vec<Ruling>, Error> {
    let mut rulings = Vec::new();
    let open = open.iter().filter(|issue| issue.state == HotIssueState::Open);
    let mut known: Vec<(String, Uuid)> = open
        .map(|issue| (issue.topic_id.clone(), issue.hot_issue_id))
        .collect();
    let mut findings = hot::one_finding_per_topic(&run.result.hot);
    // What stands lowest says best what it is about.
    findings.sort_by_key(|finding| std::cmp::Reverse(run.above(&finding.topic).count()));
    for finding in findings {
        let absorbing = known
            .iter()
            .find(|(topic, _)| run.is_one_line(topic, &finding.topic));
        let (outcome, hot_issue_id) = match absorbing {
            Some((_, hot_issue_id)) => (Outcome::Absorbed, *hot_issue_id),
            None => (Outcome::Opened, open_one(tx, run, finding.clone()).await?),
        };
        known.push((finding.topic.clone(), hot_issue_id));
        rulings.push(Ruling {
            outcome,
            hot_issue_id,
            finding,
        });
    }
    Ok(rulings)
}

async fn open_one(tx: &mut Tx, run: &Run<'_>, finding: HotCell) -> Result<Uuid, Error> {
    let scope = run.scope_of(&finding);
    let window = Window {
        start: finding.window_start,
        end: finding.window_end,
    };
    let evidence = store::mention::evidence(tx, &finding.topic, &scope, window).await?;
    let cohort = Cohort::of(&evidence);
    let mut issue = run.issue(finding, scope, &evidence, &cohort);
    issue.quotes = quotes(tx, &issue.topic_id, &evidence).await?;
    let since = run.series.window().start;
    issue.record.learnt_again = store::taxonomy::indirect_since(tx, &issue.topic_id, since).await?;
    store::hot_issue::insert(tx, &issue).await?;
    store::hot_issue::freeze(tx, issue.hot_issue_id, &cohort).await?;
    events::hot_issue_opened(tx, &mut issue, &cohort).await?;
    store::hot_issue::update_course(tx, &issue).await?;
    tracing::info!(hot_issue_id = %issue.hot_issue_id, topic_id = issue.topic_id, "hot issue opened");
    Ok(issue.hot_issue_id)
}

/// Representative quotes, from pieces spread evenly over the evidence.
async fn quotes(tx: &mut Tx, topic_id: &str, evidence: &[Evidence]) -> Result<Vec<String>, Error> {
    let step = evidence.len().div_ceil(QUOTED_FROM).max(1);
    let ids: Vec<Uuid> = evidence
        .iter()
        .step_by(step)
        .map(|mention| mention.feedback_id)
        .collect();
    let feedback = store::feedback::by_ids(tx, &ids).await?;
    Ok(representative(&feedback, topic_id, QUOTES))
}

async fn take_notice(tx: &mut Tx, run: &Run<'_>) -> Result<(), Error> {
    for notice in &run.result.notices {
        if let hot::Notice::VolumeStarted { product, at } = notice {
            let name = if product.is_empty() {
                "feedback without a product"
            } else {
                product.as_str()
            };
            let description = format!(
                "The volume of {name} starts at {} rather than rises: there is nothing to compare it with, so it is \
                 not tested until it has {} comparable days.",
                at.format("%Y-%m-%d %H:%M UTC"),
                run.settings.minimum_windows,
            );
            let (kind, product) = ("VOLUME_STARTED".to_owned(), product.clone());
            let notice = Notice {
                kind,
                product,
                noticed_at: run.hour,
                description,
            };
            store::detection::notice(tx, &notice).await?;
        }
    }
    Ok(())
}

fn count(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}
