//! What owners and teams have to do.

use attune_database::Tx;
use sqlx::query_as;

use crate::domain::{TeamWorkload, Workload};

/// At most `limit` owners after `after`, by name: all who have something to do, or one.
pub(crate) async fn page(
    tx: &mut Tx,
    owner: Option<&str>,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Workload>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let now = tx.now();
    query_as!(
        Workload,
        r#"SELECT owner AS "owner!", sum(initiatives)::bigint AS "initiatives!", sum(goals)::bigint AS "goals!",
                  sum(actions)::bigint AS "open_actions!", sum(overdue)::bigint AS "overdue_actions!",
                  sum(waiting)::bigint AS "waiting_actions!", min(due_at) AS next_due_at
           FROM (SELECT owner, 1 AS initiatives, 0 AS goals, 0 AS actions, 0 AS overdue, 0 AS waiting,
                        NULL::timestamptz AS due_at
                 FROM improvement.initiative WHERE tenant_id = $1 AND state NOT IN ('effective', 'stopped')
                 UNION ALL
                 SELECT owner, 0, 1, 0, 0, 0, NULL FROM improvement.goal WHERE tenant_id = $1 AND state = 'open'
                 UNION ALL
                 SELECT a.owner, 0, 0, 1, coalesce(a.due_at < $2, false)::int,
                        EXISTS (SELECT FROM improvement.action b
                                WHERE b.tenant_id = a.tenant_id AND b.initiative_id = a.initiative_id
                                  AND b.iteration = a.iteration AND b.action_id = ANY (a.depends_on)
                                  AND b.completed_at IS NULL)::int, a.due_at
                 FROM improvement.action a
                 JOIN improvement.initiative i ON i.tenant_id = a.tenant_id AND i.initiative_id = a.initiative_id
                 WHERE a.tenant_id = $1 AND a.completed_at IS NULL AND i.state IN ('planned', 'in_progress')) AS load
           WHERE ($3::text IS NULL OR owner = $3) AND ($4::text IS NULL OR owner > $4)
           GROUP BY owner ORDER BY owner LIMIT $5"#,
        tenant,
        now,
        owner,
        after,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}

/// At most `limit` teams after `after`, by name: all who have something to do, or one.
pub(crate) async fn page_of_teams(
    tx: &mut Tx,
    team: Option<&str>,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<TeamWorkload>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let now = tx.now();
    query_as!(
        TeamWorkload,
        r#"SELECT i.team, count(DISTINCT i.initiative_id) AS "initiatives!", count(a.action_id) AS "open_actions!",
                  count(*) FILTER (WHERE a.due_at < $2) AS "overdue_actions!",
                  count(*) FILTER (WHERE EXISTS (
                      SELECT FROM improvement.action b
                      WHERE b.tenant_id = a.tenant_id AND b.initiative_id = a.initiative_id
                        AND b.iteration = a.iteration AND b.action_id = ANY (a.depends_on)
                        AND b.completed_at IS NULL)) AS "waiting_actions!",
                  count(DISTINCT a.owner) AS "owners!", min(a.due_at) AS next_due_at
           FROM improvement.initiative i
           LEFT JOIN improvement.action a
             ON a.tenant_id = i.tenant_id AND a.initiative_id = i.initiative_id AND a.completed_at IS NULL
                AND i.state IN ('planned', 'in_progress')
           WHERE i.tenant_id = $1 AND i.team <> '' AND i.state NOT IN ('effective', 'stopped')
             AND ($3::text IS NULL OR i.team = $3) AND ($4::text IS NULL OR i.team > $4)
           GROUP BY i.team ORDER BY i.team LIMIT $5"#,
        tenant,
        now,
        team,
        after,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}
