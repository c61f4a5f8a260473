//! Pilots: who is in which arm, what they say, and what is concluded from it.

use attune_api::feedback::v1 as feedback;
use attune_api::improvement::v1 as pb;
use chrono::TimeDelta;
use tonic::Code;
use uuid::Uuid;

use super::platform::{OPENED, at, once};
use super::trial::Trial;
use crate::commands::initiative::Stop;
use crate::commands::pilot::Shown;
use crate::commands::{initiative, telling};
use crate::domain::{Arm, Decision, PilotOverride, PilotState, TellingState};
use crate::error::Error;

fn code(error: Error) -> Code {
    tonic::Status::from(error).code()
}

#[tokio::test]
async fn an_effective_pilot_clears_the_way() {
    let trial = Trial::running().await;
    assert_eq!(
        code(trial.roll_out(None).await.unwrap_err()),
        Code::FailedPrecondition
    );
    let (control, treated) = trial.admit(400).await;
    trial.satisfy(&control, 7).await;
    trial.satisfy(&treated, 9).await;
    trial.advance(1).await;
    let Shown { pilot, verdict, .. } = trial.shown().await;
    let verdict = verdict.unwrap();
    assert_eq!(
        (pilot.state, verdict.decision()),
        (PilotState::Concluded, Decision::Effective)
    );
    let told = trial.platform.told_of::<pb::PilotVerdictReached>().await;
    assert_eq!(told.len(), 1);
    let rolled_out = trial.roll_out(None).await.unwrap();
    assert_eq!(rolled_out.current.rollout.unwrap().pilot_override, None);
}

#[tokio::test]
async fn strata_count_by_who_was_assigned_and_not_by_who_answers() {
    let trial = Trial::running_in(&["new", "regular"]).await;
    // As many of both are exposed and answer, but three times as many regular customers were assigned.
    for (stratum, assigned, of_ten) in [("new", 500, (5, 9)), ("regular", 1500, (7, 8))] {
        let (control, treated) = trial.admit_to(stratum, (assigned, 200)).await;
        trial.satisfy(&control, of_ten.0).await;
        trial.satisfy(&treated, of_ten.1).await;
    }
    trial.advance(1).await;
    let verdict = trial.shown().await.verdict.unwrap();
    assert_eq!(verdict.decision(), Decision::Effective);
    let judgement = &verdict.judgement;
    assert!(
        (judgement.effect.unwrap() - (0.25 * 0.4 + 0.75 * 0.1)).abs() < 1e-9,
        "{judgement:?}"
    );
    let shown: Vec<_> = judgement
        .strata
        .iter()
        .map(|stratum| (stratum.name.as_str(), stratum.weight, stratum.control_n))
        .collect();
    assert_eq!(shown, [("new", 0.25, 100), ("regular", 0.75, 100)]);
    let told = trial.platform.told_of::<pb::PilotVerdictReached>().await;
    let strata = &told[0].look.as_ref().unwrap().strata;
    assert!((strata[0].effect.unwrap() - 0.4).abs() < 1e-9 && strata[0].low.unwrap() > 0.2);
    // What was stated is not stated again where nothing arrived late.
    trial.advance(8).await;
    assert_eq!(trial.platform.told_of::<pb::PilotVerdictReached>().await.len(), 1);
}

#[tokio::test]
async fn a_pilot_that_shows_nothing_is_rolled_out_by_nobody_but_who_answers_for_it() {
    let trial = Trial::running().await;
    let (control, treated) = trial.admit(400).await;
    trial.satisfy(&control, 7).await;
    trial.satisfy(&treated, 7).await;
    trial.advance(1).await;
    let shown = trial.shown().await;
    assert_eq!(shown.verdict.unwrap().decision(), Decision::Inconclusive);
    assert_eq!(
        code(trial.roll_out(None).await.unwrap_err()),
        Code::FailedPrecondition
    );
    let by = PilotOverride {
        by: "Ada".to_owned(),
        reason: "the old system is switched off".to_owned(),
    };
    let rolled_out = trial.roll_out(Some(by.clone())).await.unwrap();
    assert_eq!(rolled_out.current.rollout.unwrap().pilot_override, Some(by));
}

#[tokio::test]
async fn rolling_out_against_a_running_pilot_ends_it() {
    let trial = Trial::running().await;
    let by = PilotOverride {
        by: "Ada".to_owned(),
        reason: "it cannot wait".to_owned(),
    };
    trial.roll_out(Some(by)).await.unwrap();
    let pilot = trial.shown().await.pilot;
    assert_eq!(pilot.state, PilotState::Stopped);
    assert!(pilot.stopped_reason.contains("Ada"), "{}", pilot.stopped_reason);
    trial.advance(40).await;
    assert!(
        trial.shown().await.verdict.is_none(),
        "a stopped pilot was judged"
    );
}

#[tokio::test]
async fn nobody_changes_sides_and_strangers_are_not_exposed() {
    let trial = Trial::running().await;
    let customers: Vec<_> = (0..50).map(|_| Uuid::now_v7()).collect();
    let first = trial.assign(&customers).await.unwrap();
    trial.platform.hand.advance(TimeDelta::hours(5));
    assert_eq!(trial.assign(&customers).await.unwrap(), first);
    assert!(
        first.iter().any(|one| one.arm == Arm::Treated) && first.iter().any(|one| one.arm == Arm::Control)
    );
    let stranger = trial.expose(&[Uuid::now_v7()], true).await;
    assert_eq!(code(stranger.unwrap_err()), Code::FailedPrecondition);
}

#[tokio::test]
async fn a_control_customer_who_is_treated_stays_where_they_are_and_is_told_once() {
    let trial = Trial::running().await;
    let (control, _) = trial.admit(60).await;
    let strayed = &control[..2];
    assert_eq!(trial.expose(strayed, true).await.unwrap(), strayed);
    assert_eq!(
        trial.expose(strayed, true).await.unwrap(),
        strayed,
        "a repetition answers the same"
    );
    let told = trial.platform.told_of::<pb::PilotContaminated>().await;
    assert_eq!(told.iter().map(|one| one.profile_ids.len()).sum::<usize>(), 2);
    let arms = trial.shown().await.gathered.unwrap().arms;
    let in_control = arms.iter().find(|one| one.arm == Arm::Control).unwrap();
    assert_eq!(
        (in_control.exposed, in_control.treated),
        (i64::try_from(control.len()).unwrap(), 2)
    );
}

#[tokio::test]
async fn only_what_exposed_customers_said_since_counts_and_of_each_the_latest() {
    let trial = Trial::running().await;
    let (control, treated) = trial.admit(40).await;
    let exposed = trial.platform.db.clock().now();
    let csat = feedback::RatingKind::Csat;
    trial
        .answer(&control, csat, exposed - TimeDelta::hours(1), |_| 5)
        .await;
    trial
        .answer(&treated, csat, exposed + TimeDelta::hours(2), |_| 5)
        .await;
    // What was said before that arrives after it.
    trial
        .answer(&treated, csat, exposed + TimeDelta::hours(1), |_| 1)
        .await;
    trial
        .answer(&[Uuid::now_v7()], csat, exposed + TimeDelta::hours(1), |_| 5)
        .await;
    trial.platform.hand.advance(TimeDelta::hours(3));
    let gathered = trial.shown().await.gathered.unwrap();
    let (before, since) = (gathered.answers[0][0].control, gathered.answers[0][0].treated);
    assert_eq!(before.n, 0, "control said it before they were exposed");
    let all = i64::try_from(treated.len()).unwrap();
    assert_eq!((since.n, since.sum), (all, all as f64));
}

#[tokio::test]
async fn a_guard_that_shows_harm_ends_the_pilot_however_good_the_rest_is() {
    let trial = Trial::running().await;
    let (control, treated) = trial.admit(400).await;
    trial.satisfy(&control, 7).await;
    trial.satisfy(&treated, 9).await;
    let now = trial.platform.db.clock().now();
    let ces = feedback::RatingKind::Ces;
    trial
        .answer(&control, ces, now, |place| 5 + i32::from(place % 2 == 0))
        .await;
    trial
        .answer(&treated, ces, now, |place| 3 + i32::from(place % 2 == 0))
        .await;
    trial.advance(1).await;
    let Shown { pilot, verdict, .. } = trial.shown().await;
    assert_eq!(pilot.state, PilotState::Stopped);
    assert!(pilot.stopped_reason.contains("ces"), "{}", pilot.stopped_reason);
    assert_eq!(verdict.unwrap().breach(), Some(0));
    assert_eq!(
        code(trial.roll_out(None).await.unwrap_err()),
        Code::FailedPrecondition
    );
}

#[tokio::test]
async fn without_answers_the_deadline_ends_it_inconclusive() {
    let trial = Trial::running().await;
    trial.admit(40).await;
    trial.advance(29).await;
    assert!(trial.shown().await.verdict.is_none());
    trial.advance(1).await;
    let Shown { pilot, verdict, .. } = trial.shown().await;
    assert_eq!(pilot.state, PilotState::Concluded);
    assert_eq!(verdict.unwrap().decision(), Decision::Inconclusive);
}

#[tokio::test]
async fn a_verdict_that_nothing_late_changes_is_not_said_again() {
    let trial = Trial::running().await;
    let (control, treated) = trial.admit(400).await;
    trial.satisfy(&control, 7).await;
    trial.satisfy(&treated, 9).await;
    trial.advance(1).await;
    let first = trial.shown().await.verdict.unwrap();
    // Said after the look: no part of it.
    trial.platform.hand.advance(TimeDelta::hours(1));
    trial.satisfy(&treated, 0).await;
    trial.advance(8).await;
    assert_eq!(trial.shown().await.verdict.unwrap(), first);
    assert_eq!(trial.platform.told_of::<pb::PilotVerdictReached>().await.len(), 1);
}

#[tokio::test]
async fn an_iteration_has_one_pilot_and_a_stopped_initiative_none() {
    let trial = Trial::planned().await;
    assert_eq!(code(trial.plan().await.unwrap_err()), Code::FailedPrecondition);
    let stop = Stop {
        initiative_id: trial.initiative_id,
        by: "ada".to_owned(),
        reason: "too dear".to_owned(),
        key: once("StopInitiative"),
    };
    let (db, tenant) = (&trial.platform.db, &trial.platform.tenant);
    initiative::stop(db, tenant, stop).await.unwrap();
    assert_eq!(trial.shown().await.pilot.state, PilotState::Stopped);
    assert_eq!(code(trial.plan().await.unwrap_err()), Code::FailedPrecondition);
    assert_eq!(
        code(trial.assign(&[Uuid::now_v7()]).await.unwrap_err()),
        Code::FailedPrecondition
    );
}

#[tokio::test]
async fn who_is_compared_with_is_not_told_and_it_is_recorded_why() {
    let trial = Trial::running().await;
    // Another issue hit three persons; all of them are in the pilot.
    let (issue, members) = trial.platform.issue(30).await;
    let hit: Vec<Uuid> = members
        .iter()
        .map(|one| one.profile_id.parse().unwrap())
        .collect();
    let arms = trial.assign(&hit).await.unwrap();
    let other = trial.platform.prepared(issue.issue_id).await.initiative_id;
    trial.platform.hand.advance_to(at(OPENED) + TimeDelta::days(8));
    trial.platform.roll_out(other, None).await.unwrap();

    let page = attune_rpc::Page::parse(200, "", &"", &mut attune_rpc::Violations::default()).unwrap();
    let list = telling::List {
        initiative_id: other,
        iteration: 1,
        state: None,
    };
    let (db, tenant) = (&trial.platform.db, &trial.platform.tenant);
    let (tellings, _) = telling::list(db, tenant, list, &page).await.unwrap();
    assert_eq!(tellings.len(), 30);
    let asked: Vec<_> = trial
        .platform
        .told_of::<pb::CohortTellingRequested>()
        .await
        .into_iter()
        .flat_map(|event| event.profile_ids)
        .collect();
    for telling in tellings {
        let arm = arms
            .iter()
            .find(|one| one.profile_id == telling.profile_id)
            .unwrap()
            .arm;
        let held_back = telling.state == TellingState::Blocked && telling.reason == "pilot_control";
        assert_eq!(held_back, arm == Arm::Control);
        assert_eq!(
            asked.contains(&telling.profile_id.to_string()),
            arm == Arm::Treated
        );
    }
}
