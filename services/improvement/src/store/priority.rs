//! What priorities are computed from, and the records of them.

use attune_database::Tx;
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{query, query_scalar};
use uuid::Uuid;

use crate::domain::{Facts, Issue, LookBack, Mentions, Priority};

/// What the priority of an issue is computed from at this moment.
pub(crate) async fn facts(tx: &mut Tx, issue: &Issue) -> Result<Facts, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let back = LookBack::from(tx.now().date_naive());
    let row = query!(
        r#"SELECT (SELECT count(*) FROM improvement.evidence
                   WHERE tenant_id = $1 AND issue_id = $2 AND profile_id IS NULL
                     AND gone_on_by IS NULL) AS "nobody_known!",
                  (SELECT min(day) FROM improvement.mention_day WHERE tenant_id = $1 AND topic_id = '') AS heard_since,
                  coalesce(sum(judged), 0)::bigint AS "judged!", coalesce(sum(negative), 0)::bigint AS "negative!",
                  coalesce(sum(mentions) FILTER (WHERE day >= $7), 0)::bigint AS "recent!",
                  coalesce(sum(mentions) FILTER (WHERE day >= $6 AND day < $7), 0)::bigint AS "before!"
           FROM improvement.mention_day
           WHERE tenant_id = $1 AND topic_id = $3 AND topic_id <> '' AND ($4 = '' OR product = $4) AND day >= $5"#,
        tenant,
        issue.issue_id,
        issue.topic_id,
        issue.product,
        back.felt,
        back.before,
        back.recent
    )
    .fetch_one(&mut **tx)
    .await?;
    let parameters = super::worth::parameters(tx, None).await?;
    let (later, _) = super::later_evidence::count(tx, issue.issue_id).await?;
    Ok(Facts {
        nobody_known: row.nobody_known,
        mentions: Mentions {
            judged: row.judged,
            negative: row.negative,
            recent: row.recent,
            before: row.before,
            heard_since: row.heard_since,
        },
        parameters,
        later,
    })
}

/// Stores the priority of an issue with the record that explains it, and what was counted for it.
pub(crate) async fn record(tx: &mut Tx, issue: &Issue, priority: &Priority) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query!(
        "UPDATE improvement.issue
         SET priority = $3, prioritised_at = $4, priority_parameters = $5, priority_record = $6,
             later_evidence = $7
         WHERE tenant_id = $1 AND issue_id = $2",
        tenant,
        issue.issue_id,
        priority.value,
        priority.computed_at,
        priority.parameters_version,
        Json(priority) as _,
        issue.later as _
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The record of an issue's priority; `None` for one that is older than records and was not looked at since.
pub(crate) async fn of(tx: &mut Tx, issue_id: Uuid) -> Result<Option<Priority>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let record = query_scalar!(
        r#"SELECT priority_record AS "record: Json<Priority>" FROM improvement.issue
           WHERE tenant_id = $1 AND issue_id = $2"#,
        tenant,
        issue_id
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(record.flatten().map(|record| record.0))
}

/// How many issues are in flight, and how many of them [`super::issue::lock_stale`] would still answer.
pub(crate) async fn in_flight(
    tx: &mut Tx,
    since: DateTime<Utc>,
    parameters: i32,
) -> Result<(i64, i64), sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let row = query!(
        r#"SELECT count(*) AS "all!",
                  count(*) FILTER (WHERE prioritised_at IS NULL OR prioritised_at < $2
                                      OR priority_parameters <> $3) AS "stale!"
           FROM improvement.issue WHERE tenant_id = $1 AND state IN ('open', 'in_work')"#,
        tenant,
        since,
        parameters
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok((row.all, row.stale))
}
