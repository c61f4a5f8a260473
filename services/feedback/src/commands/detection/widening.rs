//! An issue of one product whose topic is found hot elsewhere too becomes one of all products.

use std::collections::HashSet;

use attune_database::Tx;
use attune_stats::hot::{self, HotCell};
use uuid::Uuid;

use super::count;
use super::run::Run;
use crate::domain::{Cohort, HotIssue, HotIssueState, Outcome, Ruling, Scope, Widening, Window};
use crate::error::Error;
use crate::{events, store};

/// The rule by which issues are widened, as records name it.
const RULE: &str = "hot_issue_widening/1";

/// Widens the issues of one product whose topic the run found hot elsewhere too; answers by which finding.
pub(super) async fn widen(tx: &mut Tx, run: &Run<'_>, open: &mut [HotIssue]) -> Result<Vec<Ruling>, Error> {
    let mut rulings = Vec::new();
    let of_one_product =
        |issue: &&mut HotIssue| issue.state == HotIssueState::Open && !issue.product.is_empty();
    for issue in open.iter_mut().filter(of_one_product) {
        let found = hot::spread(&run.result.hot, &issue.topic_id, &issue.product, &run.settings);
        let Some(finding) = found.cloned() else {
            continue;
        };
        widen_one(tx, run, issue, finding.clone()).await?;
        rulings.push(Ruling {
            outcome: Outcome::Widened,
            hot_issue_id: issue.hot_issue_id,
            finding,
        });
    }
    Ok(rulings)
}

async fn widen_one(tx: &mut Tx, run: &Run<'_>, issue: &mut HotIssue, finding: HotCell) -> Result<(), Error> {
    let scope = Scope {
        product: String::new(),
        left_out: run.started(),
    };
    let window = Window {
        start: issue.window_start,
        end: finding.window_end,
    };
    let known = store::hot_issue::known_evidence(tx, issue.hot_issue_id).await?;
    let known: HashSet<Uuid> = known.into_iter().collect();
    let mut evidence = store::mention::evidence(tx, &issue.topic_id, &scope, window).await?;
    evidence.retain(|mention| !known.contains(&mention.feedback_id));
    let extension = Cohort::of(&evidence);
    let at = run.hour;
    let joined = store::hot_issue::extend(tx, issue.hot_issue_id, &extension, at).await?;
    let usual = run
        .series
        .usual_per_day(&issue.topic_id, &scope, issue.window_start);
    let widening = Widening {
        rule: RULE.to_owned(),
        at,
        from: issue.product.clone(),
        finding,
        left_out: scope.left_out,
        evidence: evidence.len(),
        anonymous: extension.anonymous.len(),
        joined,
    };
    issue.cohort_size += joined;
    issue.evidence_size += count(evidence.len());
    issue.widen(widening, usual);
    store::hot_issue::widen(tx, issue).await?;
    events::hot_issue_widened(tx, issue, &extension).await?;
    store::hot_issue::update_course(tx, issue).await?;
    tracing::info!(hot_issue_id = %issue.hot_issue_id, topic_id = issue.topic_id, joined, "hot issue widened");
    Ok(())
}
