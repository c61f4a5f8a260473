//! Making two issues of one that turned out to be two problems.

use std::collections::HashSet;

use attune_database::{Database, Tx, Write};
use attune_rpc::{RequestKey, TenantId, Violations};
use uuid::Uuid;

use super::{priority, relation};
use crate::domain::{Issue, IssueRelation, Part, RelationKind, Statement};
use crate::error::Error;
use crate::{events, store};

/// An issue that is two problems.
#[derive(Debug)]
pub(crate) struct Split {
    pub(crate) issue_id: Uuid,
    pub(crate) etag: String,
    /// What the new issue is about.
    pub(crate) part: Part,
    /// What speaks of it, each once.
    pub(crate) feedback_ids: Vec<Uuid>,
    pub(crate) statement: Statement,
    pub(crate) key: RequestKey,
}

/// The two issues, and the split.
#[derive(Debug)]
pub(crate) struct Parted {
    pub(crate) part: Issue,
    pub(crate) whole: Issue,
    pub(crate) relation: IssueRelation,
}

/// Makes an issue of a part of another.
pub(crate) async fn split(db: &Database, tenant: &TenantId, split: Split) -> Result<Parted, Error> {
    let Split {
        issue_id,
        etag,
        part,
        feedback_ids,
        statement,
        key,
    } = split;
    let part_id = Uuid::now_v7();
    let mut tx = match db.write(tenant, &key, part_id).await? {
        Write::Fresh(tx) => tx,
        Write::Repeat(id) => return parted(db, tenant, id).await,
    };
    let whole = store::issue::lock(&mut tx, issue_id).await?;
    let mut whole = whole.ok_or(Error::NoIssue(issue_id))?;
    whole.etag().check(&etag)?;
    let tried = store::issue::is_tried(&mut tx, issue_id).await?;
    whole.check_splits(tried)?;
    relation::check_room(&mut tx, issue_id, RelationKind::SplitFrom).await?;
    check_parts(&mut tx, &whole, &part, &feedback_ids).await?;
    let mut part = Issue::split_off(part_id, part, &whole);
    let relation = take(&mut tx, (&mut part, &mut whole), statement, &feedback_ids).await?;
    tx.commit().await?;
    Ok(Parted {
        part,
        whole,
        relation,
    })
}

/// Refuses a part that is none: of the same topic and product, of feedback that does not speak of the issue, or of all that
/// does.
async fn check_parts(tx: &mut Tx, whole: &Issue, part: &Part, feedback_ids: &[Uuid]) -> Result<(), Error> {
    let mut violations = Violations::default();
    if !part.is_apart_from(whole) {
        let message = "must name another topic or product than the issue: what is measured of the two, and what is said \
                       of them later, could not be told apart";
        violations.add("part.topic_id", message);
    }
    let known = store::split::evidence_of(tx, whole.issue_id, feedback_ids).await?;
    let known: HashSet<Uuid> = known.into_iter().collect();
    for (place, id) in feedback_ids.iter().enumerate() {
        if !known.contains(id) {
            let message = "must be evidence of the issue that did not go on to another by an earlier split";
            violations.add(format!("feedback_ids[{place}]"), message);
        }
    }
    let staying = store::split::evidence_staying(tx, whole.issue_id).await?;
    if violations.is_empty() && i64::try_from(known.len()).is_ok_and(|named| named >= staying) {
        let message =
            "must leave some of the issue's evidence with it; to name an issue otherwise is no split";
        violations.add("feedback_ids", message);
    }
    Ok(violations.finish(Some(()))?)
}

/// Stores the part with what joins it, marks in the whole who went on, and has both explain their priorities.
async fn take(
    tx: &mut Tx,
    (part, whole): (&mut Issue, &mut Issue),
    statement: Statement,
    feedback_ids: &[Uuid],
) -> Result<IssueRelation, Error> {
    store::issue::insert(tx, part).await?;
    let ends = (part.issue_id, whole.issue_id);
    let now = tx.now();
    let relation = IssueRelation::new(Uuid::now_v7(), RelationKind::SplitFrom, ends, statement, now);
    store::issue_relation::insert(tx, &relation).await?;
    let relation = store::split::split(tx, &relation, feedback_ids).await?;
    part.cohort_size = relation.members_joined;
    part.evidence_size = relation.evidence_joined;
    whole.part_from(relation.members_gone_on);
    for issue in [&mut *part, &mut *whole] {
        priority::refresh(tx, issue).await?;
    }
    events::issue_opened(tx, part).await?;
    events::issue_split(tx, (part, whole), &relation).await?;
    for issue in [part, whole] {
        store::issue::update(tx, issue).await?;
    }
    Ok(relation)
}

/// What a split made before, as it is now.
async fn parted(db: &Database, tenant: &TenantId, part_id: Uuid) -> Result<Parted, Error> {
    let mut tx = db.read(tenant).await?;
    let relation = store::issue_relation::split_of(&mut tx, part_id).await?;
    let relation = relation.ok_or(Error::NoRelation(part_id))?;
    let (part_id, whole_id) = (relation.from_issue_id, relation.to_issue_id);
    let part = store::issue::by_id(&mut tx, part_id).await?;
    let whole = store::issue::by_id(&mut tx, whole_id).await?;
    tx.commit().await?;
    Ok(Parted {
        part: part.ok_or(Error::NoIssue(part_id))?,
        whole: whole.ok_or(Error::NoIssue(whole_id))?,
        relation,
    })
}
