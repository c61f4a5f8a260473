//! What employees of a tenant reported.

use attune_api::feedback::v1 as feedback;
use attune_testkit::{Failure, TestPlatform};
use chrono::NaiveTime;

use super::World;

impl World {
    /// Six employees report the same; at midnight they are told of as one group.
    pub(super) async fn report(&mut self, platform: &TestPlatform) -> Result<(), Failure> {
        for _ in 0..6 {
            self.call("SubmitEmployeeReport", &[]).await?;
        }
        let tomorrow = platform.now().date_naive().succ_opt().ok_or("the last day")?;
        platform
            .advance_to(tomorrow.and_time(NaiveTime::MIN).and_utc())
            .await?;
        self.now = platform.now();
        let mut reports = self.tenant.employee_reports();
        let listed = reports
            .list_report_groups(feedback::ListReportGroupsRequest::default())
            .await?
            .into_inner();
        let group = listed.report_groups.first().ok_or("no group was released")?;
        self.keep("report_group_id", &group.report_group_id);
        Ok(())
    }
}
