//! What the persons of cohorts, and those who spoke later, were told.

use attune_database::Tx;
use sqlx::query_as;
use uuid::Uuid;

use crate::domain::{Reached, TellingState};

/// At most `limit` persons after `after`, by issue and id: of one issue or of all. Who was hit by a merged issue is of the
/// cohort of the one that goes on, and who went on to an issue split from theirs is owed an answer by that one; with `later`,
/// who spoke of an issue since its cohort was fixed is there too, unless they stayed in it.
pub(crate) async fn scan(
    tx: &mut Tx,
    (issue_id, later): (Option<Uuid>, bool),
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
        r#"SELECT m.issue_id AS "issue_id!", m.profile_id AS "profile_id!", m.later AS "later!",
                  EXISTS (SELECT FROM improvement.initiative n
                          JOIN improvement.iteration r
                            ON r.tenant_id = n.tenant_id AND r.initiative_id = n.initiative_id
                          WHERE n.tenant_id = $1 AND n.issue_id = m.issue_id
                            AND r.rolled_out_at IS NOT NULL) AS "rolled_out!",
                  told.state AS "state?: TellingState", told.reason AS "reason?",
                  told.initiative_id AS "initiative_id?", told.iteration AS "iteration?",
                  told.decided_at AS "decided_at?"
           FROM ((SELECT c.issue_id, c.profile_id, false AS later FROM improvement.cohort_member c
                  WHERE c.tenant_id = $1 AND (c.issue_id, c.profile_id) > ($2, $3) AND c.issue_id <= $4
                    AND c.gone_on_by IS NULL
                    AND NOT EXISTS (SELECT FROM improvement.issue g
                                    WHERE g.tenant_id = $1 AND g.issue_id = c.issue_id AND g.state = 'merged')
                  ORDER BY c.issue_id, c.profile_id LIMIT $5)
                 UNION ALL
                 (SELECT DISTINCT l.issue_id, l.profile_id, true FROM improvement.later_evidence l
                  WHERE $6 AND l.tenant_id = $1 AND (l.issue_id, l.profile_id) > ($2, $3) AND l.issue_id <= $4
                    AND l.profile_id IS NOT NULL
                    AND NOT EXISTS (SELECT FROM improvement.issue g
                                    WHERE g.tenant_id = $1 AND g.issue_id = l.issue_id AND g.state = 'merged')
                    AND NOT EXISTS (SELECT FROM improvement.evidence e
                                    WHERE e.tenant_id = $1 AND e.issue_id = l.issue_id
                                      AND e.feedback_id = l.feedback_id)
                    AND NOT EXISTS (SELECT FROM improvement.cohort_member c
                                    WHERE c.tenant_id = $1 AND c.issue_id = l.issue_id
                                      AND c.profile_id = l.profile_id AND c.gone_on_by IS NULL)
                  ORDER BY l.issue_id, l.profile_id LIMIT $5)
                 ORDER BY issue_id, profile_id LIMIT $5) m
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
        limit,
        later
    )
    .fetch_all(&mut **tx)
    .await
}
