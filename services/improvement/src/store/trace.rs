//! From any end of the loop to the issue in its middle.

use attune_database::Tx;
use sqlx::{query, query_scalar};
use uuid::Uuid;

/// The issue that rests on a piece of feedback or that it came to later, and who said it. Of several, one that is worked on,
/// then the newest: it has the most to tell. What a merged issue rests on the one that goes on rests on too, and what went
/// on to an issue by a split speaks of that one, even if it was heard before the cohort arrived that it is a part of.
pub(crate) async fn issue_of_feedback(
    tx: &mut Tx,
    feedback_id: Uuid,
) -> Result<Option<(Uuid, Option<Uuid>)>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let found = query!(
        r#"SELECT e.issue_id AS "issue_id!", e.profile_id
           FROM (SELECT issue_id, profile_id FROM improvement.evidence
                 WHERE tenant_id = $1 AND feedback_id = $2 AND gone_on_by IS NULL
                 UNION ALL
                 SELECT issue_id, profile_id FROM improvement.later_evidence l
                 WHERE tenant_id = $1 AND feedback_id = $2
                   AND NOT EXISTS (SELECT FROM improvement.evidence known
                                   WHERE known.tenant_id = $1 AND known.issue_id = l.issue_id
                                     AND known.feedback_id = $2)) e
           JOIN improvement.issue s ON s.tenant_id = $1 AND s.issue_id = e.issue_id
           WHERE s.state <> 'merged'
           ORDER BY EXISTS (SELECT FROM improvement.initiative i
                            WHERE i.tenant_id = $1 AND i.issue_id = e.issue_id) DESC, e.issue_id DESC
           LIMIT 1"#,
        tenant,
        feedback_id
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(found.map(|row| (row.issue_id, row.profile_id)))
}

/// The issue that a message is about, and who was written to.
pub(crate) async fn issue_of_message(
    tx: &mut Tx,
    message_id: Uuid,
) -> Result<Option<(Uuid, Uuid)>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    let found = query!(
        "SELECT i.issue_id, t.profile_id
         FROM improvement.telling t
         JOIN improvement.initiative i ON i.tenant_id = t.tenant_id AND i.initiative_id = t.initiative_id
         WHERE t.tenant_id = $1 AND t.message_id = $2 LIMIT 1",
        tenant,
        message_id
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(found.map(|row| (row.issue_id, row.profile_id)))
}

/// At most `limit` initiatives that work or worked on any of the issues, the newest.
pub(crate) async fn initiatives(tx: &mut Tx, issues: &[Uuid], limit: i64) -> Result<Vec<Uuid>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        "SELECT initiative_id FROM improvement.initiative WHERE tenant_id = $1 AND issue_id = ANY($2)
         ORDER BY initiative_id DESC LIMIT $3",
        tenant,
        issues,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}

/// Whether an initiative on any of the issues was ever decided on, be it given up since. A proposal that was declined was
/// not; what is older than the record of steps was never a proposal.
pub(crate) async fn is_planned(tx: &mut Tx, issues: &[Uuid]) -> Result<bool, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM improvement.initiative i
               WHERE i.tenant_id = $1 AND i.issue_id = ANY($2) AND i.state <> 'proposed'
                 AND (i.state <> 'stopped'
                      OR EXISTS (SELECT FROM improvement.initiative_transition t
                                 WHERE t.tenant_id = $1 AND t.initiative_id = i.initiative_id
                                   AND t.to_state = 'planned')
                      OR NOT EXISTS (SELECT FROM improvement.initiative_transition t
                                     WHERE t.tenant_id = $1 AND t.initiative_id = i.initiative_id
                                       AND t.to_state = 'proposed'))) AS "planned!""#,
        tenant,
        issues
    )
    .fetch_one(&mut **tx)
    .await
}
