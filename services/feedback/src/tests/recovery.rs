//! Who was let down has one case an occasion, with a deadline that is a fact, and it is known whether it helped.

use attune_api::feedback::v1 as pb;
use attune_rpc::{Etag, Page, Reason, Violations};
use attune_stats::metric::AnswerScale;

use super::*;
use crate::commands::recovery::policy::Set;
use crate::commands::recovery::{Assign, Resolve};
use crate::domain::recovery::{
    Assignment, CaseState, Policy, RecoveryCase, RecoveryOutcome, RecoveryResult, Resolution,
};
use crate::domain::{Feedback, Rating};
use crate::error::Error;
use crate::store::recovery::Filter;

const MORNING: &str = "2026-03-02T08:00:00Z";

fn key(method: &'static str) -> RequestKey {
    RequestKey {
        method,
        ..without_request_id()
    }
}

impl Bench {
    fn now(&self) -> DateTime<Utc> {
        self.db.clock().now()
    }

    /// A score of `person` about `interaction`, said now.
    fn score(&self, person: Uuid, interaction: Option<Uuid>, score: i64) -> Draft {
        Draft {
            interaction_id: interaction,
            rating: Some(Rating::parse(AnswerScale::Csat, score).unwrap()),
            ..by(person, said("", "North", self.now()))
        }
    }

    async fn cases(&self) -> Vec<RecoveryCase> {
        let page = Page::parse(0, "", &"", &mut Violations::default()).unwrap();
        let (cases, _) = commands::recovery::list(&self.db, &self.tenant, &Filter::default(), &page)
            .await
            .unwrap();
        cases.into_iter().map(|(case, _)| case).collect()
    }

    async fn only_case(&self) -> RecoveryCase {
        let [case] = self.cases().await.try_into().expect("not one case");
        case
    }

    async fn resolve(&self, id: Uuid) -> Result<RecoveryCase, Error> {
        let resolve = Resolve {
            recovery_case_id: id,
            resolution: Resolution {
                outcome: RecoveryOutcome::MadeGood,
                done: "called and refunded".into(),
                note: "Zara prefers mail".into(),
            },
            etag: String::new(),
            key: key("ResolveRecoveryCase"),
        };
        let seen = commands::recovery::resolve(&self.db, &self.tenant, resolve).await?;
        Ok(seen.0)
    }

    async fn set_policy(&self, policy: Policy, etag: &str) -> Result<i32, Error> {
        let set = Set {
            policy,
            etag: etag.to_owned(),
            key: key("SetRecoveryPolicy"),
        };
        let set = commands::recovery::policy::set(&self.db, &self.tenant, set).await?;
        Ok(set.number)
    }
}

#[tokio::test]
async fn one_occasion_has_one_case_however_much_is_said_about_it_at_once() {
    let bench = Bench::at(MORNING).await;
    let (zara, call) = (Uuid::now_v7(), Uuid::now_v7());
    // Two scores of one answer, and a text of the same call, from eight callers at the same time.
    let nps = Draft {
        rating: Some(Rating::parse(AnswerScale::Nps, 1).unwrap()),
        ..bench.score(zara, Some(call), 1)
    };
    let submissions = (0..8).map(|_| {
        bench.submit_many(vec![
            bench.score(zara, Some(call), 1),
            nps.clone(),
            by(zara, said(CANCELLED, "North", bench.now())),
        ])
    });
    futures::future::join_all(submissions).await;
    let of_call: Vec<RecoveryCase> = bench
        .cases()
        .await
        .into_iter()
        .filter(|case| case.interaction_id == Some(call))
        .collect();
    let [case] = of_call.as_slice() else {
        panic!("{} cases of one call", of_call.len())
    };
    assert_eq!(
        case.record.reasons.len(),
        2,
        "both scores are reasons: {:?}",
        case.record
    );
    assert_eq!(
        (case.owner.as_str(), case.state),
        ("customer care", CaseState::Open)
    );
    assert_eq!(case.deadline, instant("2026-03-03T08:00:00Z"));
    let told = bench.told::<pb::RecoveryCaseOpened>().await;
    let of_call = told
        .iter()
        .filter(|(subject, ..)| *subject == case.recovery_case_id);
    assert_eq!(of_call.count(), 1);
}

#[tokio::test]
async fn a_good_score_and_somebody_unknown_open_nothing() {
    let bench = Bench::at(MORNING).await;
    let unknown = Draft {
        profile_id: None,
        ..bench.score(Uuid::nil(), None, 1)
    };
    let happy = by(Uuid::now_v7(), said(HAPPY, "North", bench.now()));
    let good = bench.score(Uuid::now_v7(), None, 3);
    let old = by(
        Uuid::now_v7(),
        said(CANCELLED, "North", bench.now() - TimeDelta::days(4)),
    );
    bench.submit_many(vec![unknown, happy, good, old]).await;
    assert_eq!(bench.cases().await.len(), 0);
}

#[tokio::test]
async fn a_deadline_that_passed_while_nobody_worked_is_overdue_from_its_very_instant() {
    let bench = Bench::at(MORNING).await;
    let zara = Uuid::now_v7();
    bench.submit_many(vec![bench.score(zara, None, 2)]).await;
    let deadline = bench.only_case().await.deadline;
    // Every worker is down for three days; who reads meanwhile sees it all the same.
    bench.hand.advance_to(deadline + TimeDelta::days(3));
    let (unnoted, now) =
        commands::recovery::get(&bench.db, &bench.tenant, bench.only_case().await.recovery_case_id)
            .await
            .unwrap();
    assert_eq!(
        (unnoted.overdue_at, unnoted.overdue_since(now)),
        (None, Some(deadline))
    );
    while bench.timers.step().await.unwrap() > 0 {}
    let case = bench.only_case().await;
    assert_eq!(case.overdue_at, Some(deadline));
    let told = bench.told::<pb::RecoveryCaseOverdue>().await;
    let [(subject, _, overdue)] = told.as_slice() else {
        panic!("told {} times", told.len())
    };
    assert_eq!(*subject, case.recovery_case_id);
    let at = overdue.recovery_case.as_ref().unwrap().overdue_at.unwrap();
    assert_eq!(at.seconds, deadline.timestamp());
}

#[tokio::test]
async fn who_resolves_after_the_deadline_does_not_hide_that_it_passed() {
    let bench = Bench::at(MORNING).await;
    bench
        .submit_many(vec![bench.score(Uuid::now_v7(), None, 1)])
        .await;
    let case = bench.only_case().await;
    // The timer has not fired when the case is resolved.
    bench.hand.advance_to(case.deadline + minutes(1));
    let resolved = bench.resolve(case.recovery_case_id).await.unwrap();
    assert_eq!(resolved.overdue_at, Some(case.deadline));
    while bench.timers.step().await.unwrap() > 0 {}
    assert_eq!(
        bench.told::<pb::RecoveryCaseOverdue>().await.len(),
        1,
        "told once"
    );
    let told = bench.told::<pb::RecoveryCaseResolved>().await;
    let resolution = told[0].2.recovery_case.clone().unwrap().resolution.unwrap();
    assert_eq!(
        (resolution.done.as_str(), resolution.note.as_str()),
        ("", ""),
        "texts stay at home"
    );
    let again = attune_rpc::Error::from(bench.resolve(case.recovery_case_id).await.unwrap_err());
    assert_eq!(again.reason(), Reason::WrongState);
}

#[tokio::test]
async fn a_case_that_was_resolved_in_time_never_becomes_overdue() {
    let bench = Bench::at(MORNING).await;
    bench
        .submit_many(vec![bench.score(Uuid::now_v7(), None, 1)])
        .await;
    let case = bench.only_case().await;
    bench.advance_to(case.deadline - minutes(1)).await;
    bench.resolve(case.recovery_case_id).await.unwrap();
    bench.advance_to(case.deadline + TimeDelta::days(2)).await;
    assert_eq!(bench.only_case().await.overdue_at, None);
    assert_eq!(bench.told::<pb::RecoveryCaseOverdue>().await.len(), 0);
}

#[tokio::test]
async fn the_next_score_after_the_resolution_tells_whether_it_helped() {
    for (score, result) in [(4, RecoveryResult::Recovered), (3, RecoveryResult::NotRecovered)] {
        let bench = Bench::at(MORNING).await;
        let (zara, noor) = (Uuid::now_v7(), Uuid::now_v7());
        bench.submit_many(vec![bench.score(zara, None, 1)]).await;
        let id = bench.only_case().await.recovery_case_id;
        bench.hand.advance(minutes(60));
        // Neither what she says before it is resolved counts, nor what somebody else says.
        bench.submit_many(vec![bench.score(zara, None, 5)]).await;
        bench.resolve(id).await.unwrap();
        bench.hand.advance(minutes(60));
        bench.submit_many(vec![bench.score(noor, None, 5)]).await;
        assert_eq!(bench.only_case().await.result, None);
        bench.hand.advance(TimeDelta::days(2));
        let recorded = bench.submit_many(vec![bench.score(zara, None, score)]).await;
        let case = bench.only_case().await;
        assert_eq!(
            (case.result, case.evidence_id),
            (Some(result), Some(recorded[0].feedback_id))
        );
        bench.advance_to(bench.now() + TimeDelta::days(40)).await;
        assert_eq!(bench.told::<pb::RecoveryCaseMeasured>().await.len(), 1);
    }
}

#[tokio::test]
async fn who_says_nothing_within_the_window_leaves_it_unknown() {
    let bench = Bench::at(MORNING).await;
    let zara = Uuid::now_v7();
    bench.submit_many(vec![bench.score(zara, None, 1)]).await;
    let case = bench
        .resolve(bench.only_case().await.recovery_case_id)
        .await
        .unwrap();
    let until = case.measure_until.unwrap();
    assert_eq!(until, instant("2026-04-01T08:00:00Z"));
    bench.advance_to(until).await;
    let case = bench.only_case().await;
    assert_eq!(
        (case.result, case.evidence_id, case.measured_at),
        (Some(RecoveryResult::Unknown), None, Some(until))
    );
    bench.hand.advance(minutes(1));
    bench.submit_many(vec![bench.score(zara, None, 5)]).await;
    assert_eq!(bench.only_case().await.result, Some(RecoveryResult::Unknown));
}

#[tokio::test]
async fn words_that_slipped_by_while_it_was_being_resolved_are_found_at_the_end() {
    let bench = Bench::at(MORNING).await;
    let zara = Uuid::now_v7();
    bench.submit_many(vec![bench.score(zara, None, 1)]).await;
    let case = bench.only_case().await;
    // Said two minutes from now and recorded before the resolution is: held against an open case, it tells nothing yet.
    let soon = Draft {
        occurred_at: bench.now() + minutes(2),
        ..bench.score(zara, None, 5)
    };
    let recorded = bench.submit_many(vec![soon]).await;
    bench.hand.advance(minutes(1));
    let case = bench.resolve(case.recovery_case_id).await.unwrap();
    bench.advance_to(case.measure_until.unwrap()).await;
    let case = bench.only_case().await;
    assert_eq!(
        (case.result, case.evidence_id),
        (Some(RecoveryResult::Recovered), Some(recorded[0].feedback_id))
    );
}

#[tokio::test]
async fn the_companys_policy_decides_and_every_case_names_the_one_that_opened_it() {
    let bench = Bench::at(MORNING).await;
    let (zara, noor) = (Uuid::now_v7(), Uuid::now_v7());
    bench.submit_many(vec![bench.score(zara, None, 2)]).await;
    let strict = Policy {
        csat_at_most: Some(3),
        assignments: vec![Assignment {
            products: vec!["North".into()],
            owner: "the northern team".into(),
            deadline_hours: Some(2),
            ..Assignment::default()
        }],
        ..Policy::default()
    };
    assert_eq!(bench.set_policy(strict.clone(), "v0").await.unwrap(), 1);
    let stale = attune_rpc::Error::from(bench.set_policy(strict, "v0").await.unwrap_err());
    assert_eq!(stale.reason(), Reason::EtagMismatch);
    bench.submit_many(vec![bench.score(noor, None, 3)]).await;
    let [urgent, first]: [RecoveryCase; 2] = bench.cases().await.try_into().unwrap();
    assert_eq!((first.record.policy, first.owner.as_str()), (0, "customer care"));
    assert_eq!(
        (urgent.record.policy, urgent.owner.as_str()),
        (1, "the northern team")
    );
    assert_eq!(
        urgent.deadline,
        bench.now() + TimeDelta::hours(2),
        "the nearest deadline first"
    );
    let assign = Assign {
        recovery_case_id: first.recovery_case_id,
        owner: "Ada".into(),
        etag: Etag::of(first.version).to_string(),
        key: key("AssignRecoveryCase"),
    };
    let (assigned, _) = commands::recovery::assign(&bench.db, &bench.tenant, assign)
        .await
        .unwrap();
    assert_eq!(
        (assigned.owner.as_str(), assigned.deadline),
        ("Ada", first.deadline)
    );
    let told = bench.told::<pb::RecoveryCaseAssigned>().await;
    assert_eq!(told[0].2.former_owner, "customer care");
}

#[tokio::test]
async fn a_strongly_negative_text_of_somebody_known_opens_a_case_and_says_how_it_was_judged() {
    let bench = Bench::at(MORNING).await;
    let zara = Uuid::now_v7();
    let recorded = bench
        .submit_many(vec![by(zara, said(CANCELLED, "North", bench.now()))])
        .await;
    let heard: Feedback = commands::feedback::get(&bench.by_id(), &bench.tenant, recorded[0].feedback_id)
        .await
        .unwrap();
    let understood = heard.understanding.unwrap();
    let case = bench.only_case().await;
    let reason = &case.record.reasons[0];
    let judgement = reason.judgement.as_ref().unwrap();
    assert!((reason.value - understood.sentiment_score).abs() < 1e-12);
    assert_eq!(judgement.engine, understood.engine);
    assert!(case.explanation().contains("sentiment"), "{}", case.explanation());
}
