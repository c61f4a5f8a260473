//! Story 2: a new call script is tried on 10 % of customers before everyone. Assignment is stable and recorded. A broken
//! split and a control customer who was treated all the same are flagged. The verdict waits for its planned sample size.
//! Only an effective pilot may be rolled out without an override, which is recorded.

use attune_api::feedback::v1 as fb;
use attune_api::improvement::v1::{self as imp, Arm, PilotState, TellingState, VerdictDecision};
use attune_testkit::{Failure, TestPlatform};
use attune_tests::call_centre::{CallCentre, instant};
use chrono::TimeDelta;
use tonic::Code;

#[tokio::test(flavor = "multi_thread")]
async fn a_call_script_is_tried_on_some_before_it_is_given_to_all() -> Result<(), Failure> {
    let platform = TestPlatform::start_at("2026-03-02T08:00:00Z".parse()?).await?;
    let centre = CallCentre::open(&platform).await?;
    let script = centre.plan_initiative("Nobody listens on the phone", &[]).await?;
    let pilot = the_plan_is_shown_before_the_start(&centre, &script).await?;

    centre.start(&pilot).await?;
    let customers = CallCentre::customers(1500);
    let (treated, control) = everybody_keeps_their_side(&centre, &platform, &pilot, &customers).await?;
    who_strays_is_flagged(&centre, &pilot, (&treated, &control)).await?;

    // A large difference shows at once, and nobody judges it before the planned sample is there.
    let early = usize::try_from(pilot.plan.as_ref().ok_or("no plan")?.looks[0].treated)? - 3;
    centre.answer(&treated[..early], 88).await?;
    centre.answer(&control[..early * 9], 70).await?;
    platform.advance(TimeDelta::days(2)).await?;
    let waiting = centre.pilot(&pilot).await?;
    assert_eq!((waiting.state(), waiting.verdict), (PilotState::Running, None));
    let refused = centre.roll_out(&script, None).await.unwrap_err();
    assert!(
        refused.message().contains("no verdict yet"),
        "{}",
        refused.message()
    );

    // Meanwhile another change is told to its cohort, but not to those who are compared with.
    let cohort = [&treated[..20], &control[..20]].concat();
    let other = centre.plan_initiative("The queue is long", &cohort).await?;
    centre
        .broken_pilot_is_flagged_and_overridden(&other, &customers)
        .await?;
    for telling in centre.tellings(&other).await? {
        let held_back = telling.state() == TellingState::Blocked && telling.reason == "pilot_control";
        assert_eq!(held_back, control.contains(&telling.profile_id), "{telling:?}");
    }

    // The rest answers: the verdict comes by itself, and clears the way.
    centre.answer(&treated[early..], 88).await?;
    centre.answer(&control[early * 9..], 70).await?;
    platform.advance(TimeDelta::days(1)).await?;
    let verdict = the_verdict_says_what_it_rests_on(&centre, &pilot, (&treated, &control)).await?;
    let rolled_out = centre.roll_out(&script, None).await?;
    let iteration = rolled_out.iterations.first().ok_or("no iteration")?;
    assert_eq!(iteration.pilot_override, None, "nobody had to answer for it");

    what_arrives_late_restates_it(&centre, &platform, &pilot, (&verdict, &control[0])).await?;
    platform.stop().await;
    Ok(())
}

/// What is needed, and when it is looked at, from how it is today.
async fn the_plan_is_shown_before_the_start(
    centre: &CallCentre<'_>,
    script: &imp::Initiative,
) -> Result<imp::Pilot, Failure> {
    let planned = centre.plan_pilot(script, 30).await?;
    let plan = planned.plan.as_ref().ok_or("no plan")?;
    assert_eq!(planned.state(), PilotState::Planned);
    assert!((plan.baseline - 0.70).abs() < 1e-9 && plan.baseline_n == 300);
    assert!(plan.treated >= 40 && plan.control > 8 * plan.treated, "{plan:?}");
    assert_eq!(plan.looks.len(), 2);
    let refused = centre.roll_out(script, None).await;
    let refused = refused.err().ok_or("what nobody has tried was rolled out")?;
    assert_eq!(
        refused.code(),
        Code::FailedPrecondition,
        "nothing has been tried yet"
    );
    Ok(planned)
}

/// Who is in which arm is decided once, and can be explained. Answers a hundred of the treated and nine hundred of the
/// others.
async fn everybody_keeps_their_side(
    centre: &CallCentre<'_>,
    platform: &TestPlatform,
    pilot: &imp::Pilot,
    customers: &[String],
) -> Result<(Vec<String>, Vec<String>), Failure> {
    let arms = centre.assign(pilot, customers).await?;
    let (treated, control) = (of(&arms, Arm::Treated), of(&arms, Arm::Control));
    assert!(
        (100..=200).contains(&treated.len()),
        "{} of 1500 in a tenth",
        treated.len()
    );
    platform.advance(TimeDelta::hours(2)).await?;
    assert_eq!(
        centre.assign(pilot, customers).await?,
        arms,
        "somebody changed sides"
    );
    let why = centre.explain(pilot, &treated[0]).await?.explanation;
    assert!(why.contains("below the treated share 0.1"), "{why}");
    Ok((treated[..100].to_vec(), control[..900].to_vec()))
}

/// A thousand of them call; one customer of the control arm hears the new script all the same.
async fn who_strays_is_flagged(
    centre: &CallCentre<'_>,
    pilot: &imp::Pilot,
    (treated, control): (&[String], &[String]),
) -> Result<(), Failure> {
    assert!(centre.expose(pilot, treated, true).await?.is_empty());
    assert_eq!(centre.expose(pilot, &control[..1], true).await?, &control[..1]);
    assert!(centre.expose(pilot, &control[1..], false).await?.is_empty());
    let progress = centre.pilot(pilot).await?.progress.ok_or("no progress")?;
    assert_eq!((progress.contaminated, progress.untreated), (1, 0));
    assert!(progress.ratio.ok_or("no check")?.holds);
    let told = centre.told::<imp::PilotContaminated>().await?;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].profile_ids, &control[..1]);
    Ok(())
}

async fn the_verdict_says_what_it_rests_on(
    centre: &CallCentre<'_>,
    pilot: &imp::Pilot,
    (treated, control): (&[String], &[String]),
) -> Result<imp::PilotLook, Failure> {
    let judged = centre.pilot(pilot).await?;
    let verdict = judged.verdict.clone().ok_or("no verdict")?;
    assert_eq!(judged.state(), PilotState::Concluded);
    assert_eq!(
        verdict.decision(),
        VerdictDecision::Effective,
        "{}",
        verdict.reason
    );
    assert!(verdict.low > Some(0.0) && verdict.effect > verdict.low && verdict.high > verdict.effect);
    let n = (i64::try_from(control.len())?, i64::try_from(treated.len())?);
    assert_eq!((verdict.control_n, verdict.treated_n), n);
    let strayed = "got it all the same: fails (1 of 900";
    assert!(
        verdict.assumptions.iter().any(|one| one.contains(strayed)),
        "{:?}",
        verdict.assumptions
    );
    Ok(verdict)
}

/// Both statements remain.
async fn what_arrives_late_restates_it(
    centre: &CallCentre<'_>,
    platform: &TestPlatform,
    pilot: &imp::Pilot,
    (verdict, customer): (&imp::PilotLook, &String),
) -> Result<(), Failure> {
    platform.advance(TimeDelta::days(1)).await?;
    let then = verdict.looked_at.ok_or("no instant")?;
    centre.answer_at(std::slice::from_ref(customer), 0, then).await?;
    platform.advance(TimeDelta::days(7)).await?;
    let looks = centre.looks(pilot).await?;
    assert_eq!(looks.len(), 2, "{looks:?}");
    assert_eq!(&looks[0], verdict);
    assert!(looks[1].restated && looks[1].effect > looks[0].effect);
    assert_eq!(looks[1].decision(), VerdictDecision::Effective);
    Ok(())
}

/// The customers of an arm.
fn of(assignments: &[imp::PilotAssignment], arm: Arm) -> Vec<String> {
    let own = assignments.iter().filter(|one| one.arm() == arm);
    own.map(|one| one.profile_id.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_level_a_pilot_is_planned_from_is_the_number_that_everybody_sees() -> Result<(), Failure> {
    let platform = TestPlatform::start_at("2026-03-02T08:00:00Z".parse()?).await?;
    let centre = CallCentre::open(&platform).await?;
    let script = centre.plan_initiative("Nobody listens on the phone", &[]).await?;
    let plan = centre.plan_pilot(&script, 30).await?.plan.ok_or("no plan")?;
    let request = fb::QueryMetricRequest {
        metric: "csat".to_owned(),
        slice: Some(fb::Slice {
            product: CallCentre::PRODUCT.to_owned(),
            ..fb::Slice::default()
        }),
        start: Some(instant(platform.now() - TimeDelta::days(28))),
        end: Some(instant(platform.now())),
        step: fb::Step::Unspecified.into(),
        taxonomy_version: None,
    };
    let asked = centre.company().metrics().query_metric(request).await?;
    let number = asked.into_inner().values.into_iter().next().ok_or("no number")?;
    assert_eq!((number.value, number.n), (Some(plan.baseline), plan.baseline_n));
    platform.stop().await;
    Ok(())
}
