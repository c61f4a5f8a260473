//! Who was told.

use attune_api::notifications::v1::MessageState;
use attune_rpc::{Page, Violations};
use uuid::Uuid;

use super::platform::{Platform, at};
use crate::commands::telling::{self, List};
use crate::domain::{Telling, TellingState, TellingSummary};
use crate::error::Error;

/// A platform with an initiative that was rolled out to a cohort of so many.
async fn rolled_out(persons: usize) -> (Platform, Uuid, Vec<String>) {
    let platform = Platform::start().await;
    let (issue, members) = platform.issue(persons).await;
    let initiative_id = platform.prepared(issue.issue_id).await.initiative_id;
    platform.hand.advance_to(at("2026-03-12T06:00:00Z"));
    platform.roll_out(initiative_id, None).await.unwrap();
    (
        platform,
        initiative_id,
        members.into_iter().map(|member| member.profile_id).collect(),
    )
}

async fn summary(platform: &Platform, initiative_id: Uuid) -> TellingSummary {
    platform.initiative(initiative_id).await.current.telling.unwrap()
}

fn sum(summary: &TellingSummary) -> i64 {
    summary.pending + summary.sent + summary.blocked + summary.failed
}

#[tokio::test]
async fn every_person_is_sent_blocked_failed_or_pending_and_the_sum_is_the_cohort() {
    let (platform, id, persons) = rolled_out(6).await;
    let outcomes = [
        (0, MessageState::Sent, ""),
        (1, MessageState::Blocked, "no_consent"),
        (2, MessageState::Blocked, "no_address"),
        (3, MessageState::Blocked, "no_consent"),
        (4, MessageState::Failed, "gave_up"),
    ];
    let events: Vec<_> = outcomes
        .iter()
        .map(|(place, state, reason)| platform.outcome((id, 1), &persons[*place], *state, reason))
        .collect();
    for event in &events {
        platform.hear_outcomes(std::slice::from_ref(event)).await;
        assert_eq!(sum(&summary(&platform, id).await), 6);
    }
    // The same again, in one batch, as after a restart: nothing changes.
    platform.hear_outcomes(&events).await;
    let told = summary(&platform, id).await;
    assert_eq!((told.pending, told.sent, told.blocked, told.failed), (1, 1, 3, 1));
    assert_eq!(told.blocked_by_reason["no_consent"], 2);
    assert_eq!(told.blocked_by_reason["no_address"], 1);
}

#[tokio::test]
async fn an_outcome_stands_but_for_a_failed_message_that_was_sent_after_all() {
    let (platform, id, persons) = rolled_out(1).await;
    let person = &persons[0];
    for (state, expected) in [
        (MessageState::Failed, TellingState::Failed),
        (MessageState::Blocked, TellingState::Failed),
        (MessageState::Sent, TellingState::Sent),
        (MessageState::Failed, TellingState::Sent),
    ] {
        platform
            .hear_outcomes(&[platform.outcome((id, 1), person, state, "")])
            .await;
        assert_eq!(tellings(&platform, id, None).await.unwrap()[0].state, expected);
    }
}

#[tokio::test]
async fn messages_that_belong_to_nobody_of_the_cohort_change_nothing() {
    let (platform, id, persons) = rolled_out(2).await;
    let stranger = Uuid::now_v7().to_string();
    platform
        .hear_outcomes(&[
            platform.outcome((id, 1), &stranger, MessageState::Sent, ""),
            platform.outcome((id, 1), "", MessageState::Sent, ""),
            platform.outcome((id, 7), &persons[0], MessageState::Sent, ""),
            platform.outcome((Uuid::now_v7(), 1), &persons[0], MessageState::Sent, ""),
        ])
        .await;
    let told = summary(&platform, id).await;
    assert_eq!((told.pending, sum(&told)), (2, 2));
}

async fn tellings(platform: &Platform, id: Uuid, state: Option<TellingState>) -> Result<Vec<Telling>, Error> {
    let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
    let list = List {
        initiative_id: id,
        iteration: 1,
        state,
    };
    Ok(telling::list(&platform.db, &platform.tenant, list, &page)
        .await?
        .0)
}

#[tokio::test]
async fn tellings_are_listed_by_person_and_state_in_pages() {
    let (platform, id, mut persons) = rolled_out(5).await;
    platform
        .hear_outcomes(&[platform.outcome((id, 1), &persons[3], MessageState::Blocked, "no_consent")])
        .await;
    let blocked = tellings(&platform, id, Some(TellingState::Blocked))
        .await
        .unwrap();
    assert_eq!(blocked.len(), 1);
    assert_eq!(
        (blocked[0].profile_id.to_string(), blocked[0].reason.as_str()),
        (persons[3].clone(), "no_consent")
    );
    assert!(blocked[0].message_id.is_some() && blocked[0].decided_at.is_some());

    let (mut token, mut seen) = (String::new(), Vec::new());
    loop {
        let page = Page::parse(2, &token, &"", &mut Violations::default()).unwrap();
        let list = List {
            initiative_id: id,
            iteration: 1,
            state: None,
        };
        let (part, next) = telling::list(&platform.db, &platform.tenant, list, &page)
            .await
            .unwrap();
        seen.extend(part.into_iter().map(|telling| telling.profile_id.to_string()));
        if next.is_empty() {
            break;
        }
        token = next;
    }
    persons.sort();
    assert_eq!(seen, persons);
}

#[tokio::test]
async fn an_iteration_that_is_not_there_is_not_found() {
    let (platform, id, _) = rolled_out(1).await;
    let page = Page::parse(2, "", &"", &mut Violations::default()).unwrap();
    let list = |initiative_id, iteration| List {
        initiative_id,
        iteration,
        state: None,
    };
    let (db, tenant) = (&platform.db, &platform.tenant);
    let missing = telling::list(db, tenant, list(id, 2), &page).await;
    assert!(matches!(missing, Err(Error::NoIteration(_, 2))));
    let missing = telling::list(db, tenant, list(Uuid::now_v7(), 1), &page).await;
    assert!(matches!(missing, Err(Error::NoInitiative(_))));
}
