//! Customers of a tenant who were let down.

use attune_api::feedback::v1 as feedback;
use attune_testkit::Failure;

use super::World;

impl World {
    /// Two bad scores of a known customer opened two cases.
    pub(super) async fn look_up_recovery_cases(&mut self) -> Result<(), Failure> {
        let mut cases = self.tenant.recovery_cases();
        let listed = cases
            .list_recovery_cases(feedback::ListRecoveryCasesRequest::default())
            .await?
            .into_inner();
        let [first, second, ..] = listed.recovery_cases.as_slice() else {
            return Err("the bad scores opened no two cases".into());
        };
        self.keep("recovery_case_id", &first.recovery_case_id);
        self.keep("open_recovery_case_id", &second.recovery_case_id);
        Ok(())
    }
}
