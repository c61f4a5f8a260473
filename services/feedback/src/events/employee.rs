//! What the service tells of employees' reports: groups, without the texts.

use attune_api::feedback::v1 as pb;
use attune_database::Tx;
use attune_events::append;

use crate::convert::employee::group_to_proto;
use crate::domain::employee::ReportGroup;

/// Tells of a new group.
pub(crate) async fn released(tx: &mut Tx, group: &ReportGroup) -> Result<(), sqlx::Error> {
    let report_group = Some(group_to_proto(group));
    append(
        tx,
        group.report_group_id,
        1,
        &pb::ReportGroupReleased { report_group },
    )
    .await?;
    Ok(())
}
