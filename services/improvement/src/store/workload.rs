//! What owners have to do.

use attune_database::Tx;
use sqlx::query_as;

use crate::domain::Workload;

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
                  min(due_at) AS next_due_at
           FROM (SELECT owner, 1 AS initiatives, 0 AS goals, 0 AS actions, 0 AS overdue, NULL::timestamptz AS due_at
                 FROM improvement.initiative WHERE tenant_id = $1 AND state IN ('planned', 'rolled_out')
                 UNION ALL
                 SELECT owner, 0, 1, 0, 0, NULL FROM improvement.goal WHERE tenant_id = $1 AND state = 'open'
                 UNION ALL
                 SELECT a.owner, 0, 0, 1, coalesce(a.due_at < $2, false)::int, a.due_at
                 FROM improvement.action a
                 JOIN improvement.initiative i ON i.tenant_id = a.tenant_id AND i.initiative_id = a.initiative_id
                 WHERE a.tenant_id = $1 AND a.completed_at IS NULL AND i.state = 'planned') AS load
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
