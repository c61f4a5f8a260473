//! What is told about recognitions.

use attune_api::improvement::v1 as pb;
use attune_database::Tx;

use super::news;
use crate::domain::{Initiative, Thanks};

/// Thanks were given, to `named` members or to employees.
pub(crate) async fn given(
    tx: &mut Tx,
    initiative: &mut Initiative,
    thanks: &Thanks,
    named: bool,
) -> Result<(), sqlx::Error> {
    news::recognised(tx, initiative, thanks, named).await?;
    let event = pb::RecognitionGiven {
        recognition_id: thanks.recognition_id.to_string(),
        initiative_id: thanks.initiative_id.to_string(),
        iteration: thanks.iteration,
        employees: thanks.employees,
    };
    super::append(tx, initiative, &event).await
}
