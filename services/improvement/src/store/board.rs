//! What is in flight, in one statement a page.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::query_as;
use sqlx::types::Json;
use uuid::Uuid;

use super::initiative::money;
use crate::domain::{
    Action, AtWork, BoardSummary, Currency, InitiativeState, IssueState, LaterEvidence, MeasurementPlan,
    OnBoard, Pilot, PilotLook, Rollout, Severity, Target, Verdict,
};

/// An issue with the initiative that was not stopped and its last iteration.
struct Row {
    issue_id: Uuid,
    title: String,
    topic_id: String,
    product: String,
    state: IssueState,
    opened_at: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
    cohort_size: i64,
    split_from: Option<Uuid>,
    gone_on: i64,
    later: Option<Json<LaterEvidence>>,
    severity: Option<Severity>,
    initiative_id: Option<Uuid>,
    initiative_title: Option<String>,
    initiative_state: Option<InitiativeState>,
    team: Option<String>,
    budget: Option<i64>,
    budget_currency: Option<Currency>,
    spent: i64,
    owner: Option<String>,
    begun_at: Option<DateTime<Utc>>,
    target: Option<Json<Target>>,
    iteration: Option<i32>,
    rolled_out_at: Option<DateTime<Utc>>,
    template_id: Option<Uuid>,
    looks_done: Option<i32>,
    plan: Option<Json<MeasurementPlan>>,
    actions: Json<Vec<Action>>,
    verdict: Option<Json<Verdict>>,
    pilot_id: Option<Uuid>,
}

/// At most `limit` issues in flight after `after`, the oldest first, and those among them that were closed since
/// `closed_since`. The pilots are added by [`with_pilots`].
pub(crate) async fn page(
    tx: &mut Tx,
    closed_since: Option<DateTime<Utc>>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<(OnBoard, Option<Uuid>)>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let rows = query_as!(
        Row,
        r#"SELECT i.issue_id AS "issue_id!", i.title AS "title!", i.topic_id AS "topic_id!", i.product AS "product!",
                  i.state AS "state!: IssueState", i.opened_at AS "opened_at!", i.closed_at AS "closed_at?",
                  i.cohort_size AS "cohort_size!", i.split_from AS "split_from?", i.gone_on AS "gone_on!",
                  i.later_evidence AS "later?: Json<LaterEvidence>", i.severity AS "severity?: Severity",
                  n.initiative_id AS "initiative_id?", n.title AS "initiative_title?",
                  n.state AS "initiative_state?: InitiativeState", n.owner AS "owner?", n.team AS "team?",
                  n.target AS "target?: Json<Target>",
                  n.budget AS "budget?", n.budget_currency AS "budget_currency?: Currency",
                  (SELECT coalesce(sum(c.amount), 0)::bigint FROM improvement.cost c
                   WHERE c.tenant_id = $1 AND c.initiative_id = n.initiative_id) AS "spent!",
                  coalesce((SELECT max(v.decided_at) FROM improvement.verdict v
                            WHERE v.tenant_id = $1 AND v.initiative_id = n.initiative_id
                              AND v.iteration = t.number - 1), n.created_at) AS begun_at,
                  t.number AS "iteration?", t.rolled_out_at AS "rolled_out_at?", t.template_id AS "template_id?",
                  t.looks_done AS "looks_done?", t.plan AS "plan?: Json<MeasurementPlan>",
                  (SELECT coalesce(jsonb_agg(jsonb_build_object('action_id', a.action_id, 'title', a.title,
                              'owner', a.owner, 'due_at', a.due_at, 'completed_at', a.completed_at,
                              'evidence', '', 'escalation', a.escalation, 'depends_on', a.depends_on)), '[]')
                   FROM improvement.action a
                   WHERE a.tenant_id = $1 AND a.initiative_id = n.initiative_id
                     AND a.iteration = t.number) AS "actions!: Json<Vec<Action>>",
                  (SELECT v.verdict FROM improvement.verdict v
                   WHERE v.tenant_id = $1 AND v.initiative_id = n.initiative_id AND v.iteration = t.number
                   ORDER BY v.statement DESC LIMIT 1) AS "verdict: Json<Verdict>",
                  (SELECT p.pilot_id FROM improvement.pilot p
                   WHERE p.tenant_id = $1 AND p.initiative_id = n.initiative_id AND p.iteration = t.number
                     AND p.state <> 'stopped' LIMIT 1) AS pilot_id
           FROM ((SELECT issue_id, title, topic_id, product, state, opened_at, closed_at, cohort_size, split_from,
                         gone_on, later_evidence, severity
                  FROM improvement.issue
                  WHERE tenant_id = $1 AND state IN ('open', 'in_work') AND ($3::uuid IS NULL OR issue_id > $3)
                  ORDER BY issue_id LIMIT $4)
                 UNION ALL
                 (SELECT issue_id, title, topic_id, product, state, opened_at, closed_at, cohort_size, split_from,
                         gone_on, later_evidence, severity
                  FROM improvement.issue
                  WHERE tenant_id = $1 AND state = 'resolved' AND closed_at >= $2
                    AND ($3::uuid IS NULL OR issue_id > $3)
                  ORDER BY issue_id LIMIT $4)
                 ORDER BY issue_id LIMIT $4) i
           LEFT JOIN improvement.initiative n
             ON n.tenant_id = $1 AND n.issue_id = i.issue_id AND n.state <> 'stopped'
           LEFT JOIN LATERAL (SELECT number, rolled_out_at, template_id, looks_done, plan FROM improvement.iteration
                              WHERE tenant_id = $1 AND initiative_id = n.initiative_id
                              ORDER BY number DESC LIMIT 1) t ON true
           ORDER BY i.issue_id"#,
        tenant,
        closed_since,
        after,
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(assemble).collect())
}

fn assemble(row: Row) -> (OnBoard, Option<Uuid>) {
    let work = at_work(&row);
    let issue = OnBoard {
        issue_id: row.issue_id,
        title: row.title,
        topic_id: row.topic_id,
        product: row.product,
        state: row.state,
        opened_at: row.opened_at,
        closed_at: row.closed_at,
        cohort_size: row.cohort_size,
        split_from: row.split_from,
        gone_on: row.gone_on,
        later: row.later.map(|later| later.0),
        severity: row.severity,
        work,
    };
    (issue, row.pilot_id)
}

/// `None` without an initiative.
fn at_work(row: &Row) -> Option<AtWork> {
    let rollout = row
        .rolled_out_at
        .zip(row.plan.as_ref())
        .map(|(at, plan)| Rollout {
            at,
            plan: plan.0.clone(),
            template_id: row.template_id,
            looks_done: row.looks_done.unwrap_or_default(),
            pilot_override: None,
        });
    Some(AtWork {
        initiative_id: row.initiative_id?,
        title: row.initiative_title.clone()?,
        state: row.initiative_state?,
        team: row.team.clone()?,
        budget: money(row.budget, row.budget_currency.clone()),
        spent: row.spent,
        owner: row.owner.clone()?,
        iteration: row.iteration?,
        begun_at: row.begun_at?,
        target: row.target.as_ref()?.0,
        actions: row.actions.0.clone(),
        rollout,
        verdict: row.verdict.as_ref().map(|verdict| verdict.0.clone()),
        pilot: None,
    })
}

/// Puts the pilots at their issues.
pub(crate) async fn with_pilots(
    tx: &mut Tx,
    found: Vec<(OnBoard, Option<Uuid>)>,
) -> Result<Vec<OnBoard>, sqlx::Error> {
    let ids: Vec<Uuid> = found.iter().filter_map(|(_, pilot_id)| *pilot_id).collect();
    if ids.is_empty() {
        return Ok(found.into_iter().map(|(issue, _)| issue).collect());
    }
    let pilots = super::pilot::by_ids(tx, &ids).await?;
    let looks = super::pilot::verdicts(tx, &ids).await?;
    let pilot = |id: Uuid| -> Option<(Pilot, Option<PilotLook>)> {
        let pilot = pilots.iter().find(|pilot| pilot.pilot_id == id)?.clone();
        let look = looks
            .iter()
            .find(|(of, _)| *of == id)
            .map(|(_, look)| look.clone());
        Some((pilot, look))
    };
    Ok(found
        .into_iter()
        .map(|(mut issue, pilot_id)| {
            if let Some(work) = &mut issue.work {
                work.pilot = pilot_id.and_then(pilot);
            }
            issue
        })
        .collect())
}

/// Everything in flight, in numbers.
pub(crate) async fn summary(tx: &mut Tx) -> Result<BoardSummary, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let now = tx.now();
    query_as!(
        BoardSummary,
        r#"SELECT (SELECT count(*) FROM improvement.issue
                   WHERE tenant_id = $1 AND state = 'open') AS "issues_untouched!",
                  (SELECT count(*) FROM improvement.issue
                   WHERE tenant_id = $1 AND state = 'in_work') AS "issues_in_work!",
                  (SELECT count(*) FROM improvement.initiative
                   WHERE tenant_id = $1 AND state IN ('rolled_out', 'measuring')) AS "initiatives_measuring!",
                  (SELECT count(*) FROM improvement.pilot
                   WHERE tenant_id = $1 AND state = 'running') AS "pilots_running!",
                  (SELECT count(*) FROM improvement.action a
                   JOIN improvement.initiative i ON i.tenant_id = a.tenant_id AND i.initiative_id = a.initiative_id
                   WHERE a.tenant_id = $1 AND a.completed_at IS NULL AND a.due_at < $2
                     AND i.state IN ('planned', 'in_progress')) AS "actions_overdue!",
                  (SELECT count(*) FROM improvement.goal
                   WHERE tenant_id = $1 AND state = 'open') AS "goals_open!",
                  (SELECT count(*) FROM improvement.goal
                   WHERE tenant_id = $1 AND state = 'open' AND track = 'off_track') AS "goals_off_track!""#,
        tenant,
        now
    )
    .fetch_one(&mut **tx)
    .await
}
