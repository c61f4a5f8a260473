//! Who is still owed an answer.

use std::collections::BTreeMap;

use attune_api::notifications::v1::MessageState;
use attune_rpc::{Page, Violations};
use uuid::Uuid;

use super::platform::{Platform, at};
use crate::commands::owed::{List, list};
use crate::domain::{Owed, OwedBecause};
use crate::error::Error;

const ALL: List = List {
    issue_id: None,
    because: None,
    include_later: false,
};

async fn page(
    platform: &Platform,
    wanted: List,
    size: i32,
    token: &str,
) -> Result<(Vec<Owed>, String), Error> {
    let page = Page::parse(size, token, &"", &mut Violations::default()).unwrap();
    list(&platform.db, &platform.tenant, wanted, &page).await
}

/// Everybody on every page, by person.
async fn owed(platform: &Platform, wanted: List, size: i32) -> BTreeMap<Uuid, (OwedBecause, String)> {
    let (mut found, mut token) = (BTreeMap::new(), String::new());
    loop {
        let (owed, next) = page(platform, wanted, size, &token).await.unwrap();
        assert!(owed.len() <= usize::try_from(size).unwrap());
        for owed in owed {
            let reason = owed.reached.reason.unwrap_or_default();
            let twice = found.insert(owed.reached.profile_id, (owed.because, reason));
            assert!(twice.is_none(), "nobody is listed twice");
        }
        if next.is_empty() {
            return found;
        }
        token = next;
    }
}

fn ids(members: &[attune_api::feedback::v1::CohortMember]) -> Vec<Uuid> {
    members
        .iter()
        .map(|member| member.profile_id.parse().unwrap())
        .collect()
}

#[tokio::test]
async fn everybody_is_owed_an_answer_until_a_message_reached_them() {
    let platform = Platform::start().await;
    let (issue, members) = platform.issue(5).await;
    let persons = ids(&members);
    let waiting = owed(&platform, ALL, 2).await;
    assert_eq!(waiting.len(), 5);
    assert!(
        waiting
            .values()
            .all(|(because, _)| *because == OwedBecause::NothingDone)
    );

    let id = platform.prepared(issue.issue_id).await.initiative_id;
    platform.hand.advance_to(at("2026-03-12T06:00:00Z"));
    platform.roll_out(id, None).await.unwrap();
    let outcomes = [
        (0, MessageState::Sent, ""),
        (1, MessageState::Blocked, "no_consent"),
        (2, MessageState::Failed, "gave_up"),
        (3, MessageState::Sent, ""),
    ];
    let events: Vec<_> = outcomes
        .iter()
        .map(|(place, state, why)| platform.outcome((id, 1), &persons[*place].to_string(), *state, why))
        .collect();
    for event in &events {
        platform.hear_outcomes(std::slice::from_ref(event)).await;
    }
    let left = owed(&platform, ALL, 1).await;
    let expected = BTreeMap::from([
        (persons[1], (OwedBecause::Blocked, "no_consent".to_owned())),
        (persons[2], (OwedBecause::Failed, "gave_up".to_owned())),
        (persons[4], (OwedBecause::Pending, String::new())),
    ]);
    assert_eq!(left, expected);
    let blocked = List {
        because: Some(OwedBecause::Blocked),
        ..ALL
    };
    assert_eq!(
        owed(&platform, blocked, 50).await.into_keys().collect::<Vec<_>>(),
        [persons[1]]
    );
}

#[tokio::test]
async fn who_heard_of_the_first_try_is_not_owed_the_second() {
    let platform = Platform::start().await;
    let (issue, members) = platform.issue(2).await;
    let persons = ids(&members);
    let id = platform.prepared(issue.issue_id).await.initiative_id;
    platform.world.level(at("2026-03-01T06:00:00Z"), 6);
    platform.hand.advance_to(at("2026-03-12T06:00:00Z"));
    platform.roll_out(id, None).await.unwrap();
    for (place, state) in [(0, MessageState::Sent), (1, MessageState::Blocked)] {
        let outcome = platform.outcome((id, 1), &persons[place].to_string(), state, "no_consent");
        platform.hear_outcomes(&[outcome]).await;
    }
    platform.advance_to(at("2026-03-19T06:00:00Z")).await;
    platform.act(id).await;
    platform.roll_out(id, Some("another")).await.unwrap();
    let (left, _) = page(&platform, ALL, 50, "").await.unwrap();
    assert_eq!(left.len(), 1);
    let reached = &left[0].reached;
    assert_eq!(
        (reached.profile_id, left[0].because, reached.iteration),
        (persons[1], OwedBecause::Pending, Some(2)),
        "the last message counts"
    );
}

#[tokio::test]
async fn one_issue_is_asked_for_alone_and_an_unknown_one_is_not_found() {
    let platform = Platform::start().await;
    let (first, members) = platform.issue(3).await;
    platform.issue(2).await;
    let only = List {
        issue_id: Some(first.issue_id),
        ..ALL
    };
    let mut expected = ids(&members);
    expected.sort();
    assert_eq!(
        owed(&platform, only, 2).await.into_keys().collect::<Vec<_>>(),
        expected
    );
    assert_eq!(owed(&platform, ALL, 2).await.len(), 5);
    let missing = List {
        issue_id: Some(Uuid::now_v7()),
        ..ALL
    };
    assert!(matches!(
        page(&platform, missing, 2, "").await,
        Err(Error::NoIssue(_))
    ));
}

#[tokio::test]
async fn a_page_looks_at_so_many_persons_and_says_where_the_next_goes_on() {
    let platform = Platform::start().await;
    let (_, members) = platform.issue(2001).await;
    let told = List {
        because: Some(OwedBecause::Blocked),
        ..ALL
    };
    let (none, next) = page(&platform, told, 50, "").await.unwrap();
    assert!(
        none.is_empty() && !next.is_empty(),
        "one person was not looked at"
    );
    let (none, end) = page(&platform, told, 50, &next).await.unwrap();
    assert!(none.is_empty() && end.is_empty());
    assert_eq!(owed(&platform, ALL, 200).await.len(), members.len());
}
