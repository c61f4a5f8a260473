//! What the persons of cohorts were told.

use attune_database::Tx;
use sqlx::query_as;
use uuid::Uuid;

use crate::domain::{Reached, TellingState};

/// At most `limit` persons after `after`, by issue and id: of one issue or of all. Who was hit by a merged issue is of the
/// cohort of the one that goes on, and who went on to an issue split from theirs is owed an answer by that one.
pub(crate) async fn scan(
    tx: &mut Tx,
    issue_id: Option<Uuid>,
    after: Option<(Uuid, Uuid)>,
    limit: i64,
) -> Result<Vec<Reached>, sqlx::Error> {
    let tenant = tx.tenant().as_str().to_owned();
    // Before every issue, or before everybody in the only one.
    let (after_issue, after_profile) = after.unwrap_or((issue_id.unwrap_or(Uuid::nil()), Uuid::nil()));
    // Nobody is after the last id of the only issue.
    let until = issue_id.unwrap_or(Uuid::max());
    query_as!(
        Reached,
        r#"SELECT m.issue_id AS "issue_id!", m.profile_id AS "profile_id!",
                  EXISTS (SELECT FROM improvement.initiative n
                          JOIN improvement.iteration r
                            ON r.tenant_id = n.tenant_id AND r.initiative_id = n.initiative_id
                          WHERE n.tenant_id = $1 AND n.issue_id = m.issue_id
                            AND r.rolled_out_at IS NOT NULL) AS "rolled_out!",
                  told.state AS "state?: TellingState", told.reason AS "reason?",
                  told.initiative_id AS "initiative_id?", told.iteration AS "iteration?",
                  told.decided_at AS "decided_at?"
           FROM (SELECT c.issue_id, c.profile_id FROM improvement.cohort_member c
                 WHERE c.tenant_id = $1 AND (c.issue_id, c.profile_id) > ($2, $3) AND c.issue_id <= $4
                   AND c.gone_on_by IS NULL
                   AND NOT EXISTS (SELECT FROM improvement.issue g
                                   WHERE g.tenant_id = $1 AND g.issue_id = c.issue_id AND g.state = 'merged')
                 ORDER BY c.issue_id, c.profile_id LIMIT $5) m
           LEFT JOIN LATERAL (
               SELECT t.state, t.reason, t.initiative_id, t.iteration, t.decided_at
               FROM improvement.initiative n
               JOIN improvement.iteration r ON r.tenant_id = n.tenant_id AND r.initiative_id = n.initiative_id
               JOIN improvement.telling t
                 ON t.tenant_id = r.tenant_id AND t.initiative_id = r.initiative_id AND t.iteration = r.number
               WHERE n.tenant_id = $1 AND n.issue_id = m.issue_id AND t.profile_id = m.profile_id
               ORDER BY t.state = 'sent' DESC, t.initiative_id DESC, t.iteration DESC LIMIT 1) told ON true
           ORDER BY m.issue_id, m.profile_id"#,
        tenant,
        after_issue,
        after_profile,
        until,
        limit
    )
    .fetch_all(&mut **tx)
    .await
}
