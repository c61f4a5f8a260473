//! What the company does with its pilots.

use attune_api::improvement::v1::{self as imp, PilotState, VerdictDecision};
use attune_testkit::Failure;
use chrono::TimeDelta;
use tonic::Code;

use super::{CallCentre, instant};

impl CallCentre<'_> {
    /// Plans to try it on a tenth of the customers: 15 more of 100 callers are to be satisfied.
    ///
    /// # Errors
    /// When the platform refuses.
    pub async fn plan_pilot(&self, of: &imp::Initiative, days: i32) -> Result<imp::Pilot, Failure> {
        let metric = |metric: &str| {
            Some(imp::PilotMetric {
                metric: metric.to_owned(),
                slice: Some(imp::FeedbackSlice {
                    product: Self::PRODUCT.to_owned(),
                    ..imp::FeedbackSlice::default()
                }),
            })
        };
        let pilot = imp::Pilot {
            initiative_id: of.initiative_id.clone(),
            hypothesis: "With the new script 15 more of 100 callers are satisfied".to_owned(),
            metric: metric("csat"),
            planned_effect: 0.15,
            treated_share: 0.1,
            deadline_days: days,
            guards: vec![imp::PilotGuard {
                metric: metric("ces"),
                tolerated: 0.5,
            }],
            ..imp::Pilot::default()
        };
        let request = imp::CreatePilotRequest {
            pilot: Some(pilot),
            request_id: String::new(),
        };
        let planned = self.company.pilots().create_pilot(request).await?.into_inner();
        Ok(planned.pilot.ok_or("no pilot")?)
    }

    /// Begins it.
    ///
    /// # Errors
    /// When the platform refuses.
    pub async fn start(&self, pilot: &imp::Pilot) -> Result<(), Failure> {
        let request = imp::StartPilotRequest {
            pilot_id: pilot.pilot_id.clone(),
            request_id: String::new(),
        };
        self.company.pilots().start_pilot(request).await?;
        Ok(())
    }

    /// In which arms they are, in their order.
    ///
    /// # Errors
    /// When the platform refuses.
    pub async fn assign(
        &self,
        pilot: &imp::Pilot,
        customers: &[String],
    ) -> Result<Vec<imp::PilotAssignment>, Failure> {
        let mut assignments = Vec::new();
        for part in customers.chunks(500) {
            let candidate = |profile_id: &String| imp::PilotCandidate {
                profile_id: profile_id.clone(),
                stratum: String::new(),
            };
            let request = imp::AssignProfilesRequest {
                pilot_id: pilot.pilot_id.clone(),
                candidates: part.iter().map(candidate).collect(),
                request_id: String::new(),
            };
            let assigned = self.company.pilots().assign_profiles(request).await?.into_inner();
            assignments.extend(assigned.assignments);
        }
        Ok(assignments)
    }

    /// They meet the phone now, and hear the new script or the old one. Answers who should not have heard the new one.
    ///
    /// # Errors
    /// When the platform refuses.
    pub async fn expose(
        &self,
        pilot: &imp::Pilot,
        customers: &[String],
        treated: bool,
    ) -> Result<Vec<String>, Failure> {
        let mut contaminated = Vec::new();
        for part in customers.chunks(500) {
            let exposure = |profile_id: &String| imp::PilotExposure {
                profile_id: profile_id.clone(),
                exposed_at: Some(instant(self.platform.now())),
                treated,
            };
            let request = imp::RecordExposuresRequest {
                pilot_id: pilot.pilot_id.clone(),
                exposures: part.iter().map(exposure).collect(),
                request_id: String::new(),
            };
            let recorded = self
                .company
                .pilots()
                .record_exposures(request)
                .await?
                .into_inner();
            contaminated.extend(recorded.contaminated_profile_ids);
        }
        Ok(contaminated)
    }

    /// Why somebody is in an arm.
    ///
    /// # Errors
    /// When the platform refuses.
    pub async fn explain(
        &self,
        pilot: &imp::Pilot,
        customer: &str,
    ) -> Result<imp::ExplainAssignmentResponse, Failure> {
        let request = imp::ExplainAssignmentRequest {
            pilot_id: pilot.pilot_id.clone(),
            profile_id: customer.to_owned(),
        };
        Ok(self
            .company
            .pilots()
            .explain_assignment(request)
            .await?
            .into_inner())
    }

    /// How it stands.
    ///
    /// # Errors
    /// When the platform refuses.
    pub async fn pilot(&self, pilot: &imp::Pilot) -> Result<imp::Pilot, Failure> {
        let request = imp::GetPilotRequest {
            pilot_id: pilot.pilot_id.clone(),
        };
        let found = self.company.pilots().get_pilot(request).await?.into_inner();
        Ok(found.pilot.ok_or("no pilot")?)
    }

    /// Every statement about it.
    ///
    /// # Errors
    /// When the platform refuses.
    pub async fn looks(&self, pilot: &imp::Pilot) -> Result<Vec<imp::PilotLook>, Failure> {
        let request = imp::ListPilotLooksRequest {
            pilot_id: pilot.pilot_id.clone(),
            ..imp::ListPilotLooksRequest::default()
        };
        Ok(self
            .company
            .pilots()
            .list_pilot_looks(request)
            .await?
            .into_inner()
            .looks)
    }

    /// A pilot in which most of the treated callers never reach the phone: that is noticed, no verdict is drawn from
    /// it, and only who answers for it may roll the change out.
    ///
    /// # Errors
    /// When the platform refuses.
    ///
    /// # Panics
    /// When a promise is not kept.
    pub async fn broken_pilot_is_flagged_and_overridden(
        &self,
        initiative: &imp::Initiative,
        customers: &[String],
    ) -> Result<(), Failure> {
        let pilot = self.plan_pilot(initiative, 2).await?;
        self.start(&pilot).await?;
        let arms = self.assign(&pilot, customers).await?;
        let of = |arm: imp::Arm| {
            let own = arms.iter().filter(|one| one.arm() == arm);
            own.map(|one| one.profile_id.clone()).collect::<Vec<_>>()
        };
        let (treated, control) = (of(imp::Arm::Treated), of(imp::Arm::Control));
        self.expose(&pilot, &treated[..treated.len() / 3], true).await?;
        self.expose(&pilot, &control, false).await?;
        self.platform.advance(TimeDelta::days(1)).await?;
        let flagged = self.pilot(&pilot).await?;
        assert_eq!(flagged.state(), PilotState::Running);
        let ratio = flagged
            .progress
            .and_then(|progress| progress.ratio)
            .ok_or("no check")?;
        assert!(!ratio.holds && ratio.p_value < 1e-5, "{ratio:?}");
        let told = self.told::<imp::PilotRatioMismatched>().await?;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].pilot_id, pilot.pilot_id);

        self.platform.advance(TimeDelta::days(1)).await?;
        let judged = self.pilot(&pilot).await?;
        let verdict = judged.verdict.ok_or("no verdict")?;
        assert_eq!(verdict.decision(), VerdictDecision::Inconclusive);
        assert_eq!(verdict.effect, None, "arms that do not fit were compared");
        assert!(verdict.reason.contains("planned sizes"), "{}", verdict.reason);

        let refused = self
            .roll_out(initiative, None)
            .await
            .err()
            .ok_or("it was rolled out")?;
        assert_eq!(refused.code(), Code::FailedPrecondition);
        let answered_for = imp::PilotOverride {
            by: "Ines Marte".to_owned(),
            reason: "The old script is gone tomorrow in any case".to_owned(),
        };
        let rolled_out = self.roll_out(initiative, Some(answered_for.clone())).await?;
        let iteration = rolled_out.iterations.first().ok_or("no iteration")?;
        assert_eq!(iteration.pilot_override.as_ref(), Some(&answered_for));
        Ok(())
    }
}
