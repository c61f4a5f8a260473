//! Story 1, where the weather plays along: a heat wave breaks the ticket machines of two lines. What is done on one of them
//! goes live on the day on which the heat ends. Before and after alone, that is a success; beside the line on which nothing
//! was done it is none. The second try is one, although the heat comes back.

use attune_api::improvement::v1::{self as imp, InitiativeState, VerdictDecision};
use attune_testkit::{Failure, TestPlatform, reason};
use attune_tests::metro::Metro;
use tonic::Code;

/// Complaints a day on each line in the heat, when it is over, and when it comes back.
const HEAT: usize = 80;
const COOL: usize = 16;
const WARM: usize = 30;

#[tokio::test(flavor = "multi_thread")]
async fn what_the_weather_did_is_not_credited_to_the_change_beside_a_line_without_it() -> Result<(), Failure>
{
    let platform = TestPlatform::start_at("2026-03-02T00:00:00Z".parse()?).await?;
    let trusting = Metro::open_with(&platform, "trusting-metro", &[Metro::METRO]).await?;
    let careful = Metro::open_with(&platform, "careful-metro", &[Metro::METRO, Metro::TRAM]).await?;

    // Two companies in the same heat do the same. One of them names the other line to compare with.
    let (fooled, compared) = (trusting.report().await?, careful.report().await?);
    the_same_line_is_refused(&careful, &compared).await?;
    for _ in 0..10 {
        both_live(&trusting, &careful, HEAT).await?;
    }
    let alone = trusting.plan(fooled, None).await?;
    let beside = careful.plan(compared, Some(beside_the_tram())).await?;
    trusting.roll_out(&alone).await?;
    careful.roll_out(&beside).await?;
    it_is_frozen(&careful, &beside).await?;

    // The heat ends, for both lines.
    for _ in 0..14 {
        both_live(&trusting, &careful, COOL).await?;
    }
    let believed = initiative(&trusting, &alone).await?;
    assert_eq!(believed.state(), InitiativeState::Effective);
    let first = &initiative(&careful, &beside).await?.iterations[0];
    let verdict = first.verdict.clone().ok_or("no verdict")?;
    assert_eq!(
        verdict.decision(),
        VerdictDecision::Ineffective,
        "{}",
        verdict.reason
    );
    assert_eq!(verdict.method, "difference_in_differences");
    says_what_it_compared(&verdict);

    // The second try does something, and the heat comes back: the share on the changed line hardly moves.
    careful.roll_out(&beside).await?;
    for _ in 0..14 {
        careful
            .live_on(1, &[(Metro::METRO, 1), (Metro::TRAM, WARM)])
            .await?;
    }
    let helped = initiative(&careful, &beside).await?;
    let verdict = helped.iterations[1].verdict.clone().ok_or("no verdict")?;
    assert_eq!(
        verdict.decision(),
        VerdictDecision::Effective,
        "{}",
        verdict.reason
    );
    assert_eq!(helped.state(), InitiativeState::Effective);
    assert!(
        verdict.relative_effect < Some(-0.7),
        "{:?}",
        verdict.relative_effect
    );
    Ok(())
}

fn beside_the_tram() -> imp::Comparison {
    imp::Comparison {
        changed: None,
        unchanged: Some(imp::FeedbackSlice {
            product: Metro::TRAM.to_owned(),
            ..imp::FeedbackSlice::default()
        }),
    }
}

/// A day in both companies, with so many complaints on each line.
async fn both_live(trusting: &Metro<'_>, careful: &Metro<'_>, broken: usize) -> Result<(), Failure> {
    trusting.say_on(&[(Metro::METRO, broken)]).await?;
    let lines = [(Metro::METRO, broken), (Metro::TRAM, broken)];
    careful.live_on(1, &lines).await
}

/// What is changed is not compared with itself.
async fn the_same_line_is_refused(metro: &Metro<'_>, issue_id: &str) -> Result<(), Failure> {
    let itself = imp::Comparison {
        unchanged: Some(imp::FeedbackSlice {
            product: Metro::METRO.to_owned(),
            ..imp::FeedbackSlice::default()
        }),
        ..imp::Comparison::default()
    };
    let refused = metro.plan(issue_id.to_owned(), Some(itself)).await;
    let refused = refused.err().ok_or("compared with itself")?;
    let status = refused.downcast_ref::<tonic::Status>().ok_or("no status")?;
    assert_eq!(
        (status.code(), reason(status).as_str()),
        (Code::InvalidArgument, "INVALID_FIELDS")
    );
    Ok(())
}

/// What is compared with is a part of the plan, and stays.
async fn it_is_frozen(metro: &Metro<'_>, initiative_id: &str) -> Result<(), Failure> {
    let found = initiative(metro, initiative_id).await?;
    let plan = found.iterations[0].plan.clone().ok_or("no plan")?;
    let compared = plan.comparison.ok_or("no comparison")?;
    assert_eq!(compared.changed.ok_or("no slice")?.product, Metro::METRO);
    assert_eq!(compared.unchanged.ok_or("no slice")?.topic_id, "ticket_machine");
    assert!(plan.comparison_baseline > Some(0.3) && plan.comparison_baseline_n > 0);
    let request = imp::UpdateInitiativeRequest {
        initiative: Some(imp::Initiative {
            comparison: None,
            ..found
        }),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["comparison".to_owned()],
        }),
        request_id: String::new(),
    };
    let refused = metro.company().initiatives().update_initiative(request).await;
    assert_eq!(refused.err().ok_or("moved")?.code(), Code::FailedPrecondition);
    Ok(())
}

async fn initiative(metro: &Metro<'_>, initiative_id: &str) -> Result<imp::Initiative, Failure> {
    let request = imp::GetInitiativeRequest {
        initiative_id: initiative_id.to_owned(),
    };
    let found = metro.company().initiatives().get_initiative(request).await?;
    Ok(found.into_inner().initiative.ok_or("no initiative")?)
}

/// A record names both series, and the assumptions with what was found.
fn says_what_it_compared(verdict: &imp::Verdict) {
    let seen = verdict.comparison.clone().unwrap_or_default();
    assert!(
        seen.compared_with && seen.n_before > 0 && seen.n_after > 0,
        "{seen:?}"
    );
    assert!(seen.share_after < seen.share_before, "{seen:?}");
    for assumed in [
        "moved in proportion before the rollout: holds",
        "had the same event",
        "customers of the comparison",
    ] {
        assert!(
            verdict.assumptions.iter().any(|found| found.contains(assumed)),
            "{assumed} is not in {:?}",
            verdict.assumptions
        );
    }
}
