//! Who was told.

use attune_api::notifications::v1::{Message, MessageOrigin, MessageRead, MessageState};
use attune_events::Event;
use attune_rpc::{Page, Violations, timestamp};
use uuid::Uuid;

use super::platform::{Platform, at};
use crate::commands::telling::{self, List};
use crate::commands::trace::{self, Beginning, From};
use crate::domain::{Telling, TellingCount, TellingState, TellingSummary};
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

/// The summary of the current iteration, which is what a recount of its tellings comes to.
async fn summary(platform: &Platform, initiative_id: Uuid) -> TellingSummary {
    let current = platform.initiative(initiative_id).await.current;
    let mut tx = platform.db.read(&platform.tenant).await.unwrap();
    let counts: Vec<(TellingState, String, i64, i64)> = sqlx::query_as(
        "SELECT state, reason, count(*), count(read_at) FROM improvement.telling
         WHERE initiative_id = $1 AND iteration = $2 GROUP BY state, reason",
    )
    .bind(initiative_id)
    .bind(current.number)
    .fetch_all(&mut *tx)
    .await
    .unwrap();
    let recount = counts
        .into_iter()
        .map(|(state, reason, count, read)| TellingCount {
            state,
            reason,
            count,
            read,
        });
    let kept = current.telling.unwrap();
    assert_eq!(TellingSummary::of(recount, 0), kept);
    kept
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

impl Platform {
    /// Somebody vouches that a person read a message about an iteration.
    fn reading(
        &self,
        (initiative_id, iteration): (Uuid, i32),
        (profile_id, message_id): (&str, Uuid),
        read_at: &str,
    ) -> Event {
        let message = Some(Message {
            message_id: message_id.to_string(),
            profile_id: profile_id.to_owned(),
            origin: Some(MessageOrigin {
                kind: "initiative".to_owned(),
                id: initiative_id.to_string(),
                occasion: iteration.to_string(),
            }),
            state: MessageState::Sent.into(),
            read_time: Some(timestamp(at(read_at))),
            read_source: "app.inbox".to_owned(),
            ..Default::default()
        });
        self.event(message_id, &MessageRead { message })
    }
}

/// The message that an outcome is about.
fn message_of(outcome: &Event) -> Uuid {
    outcome.subject
}

#[tokio::test]
async fn who_is_known_to_have_read_it_counts_among_the_sent_and_the_first_reading_stands() {
    const READ: &str = "2026-03-12T09:00:00Z";
    let (platform, id, persons) = rolled_out(3).await;
    let sent = platform.outcome((id, 1), &persons[0], MessageState::Sent, "");
    let other = platform.outcome((id, 1), &persons[1], MessageState::Sent, "");
    let message = message_of(&sent);
    let to = (persons[0].as_str(), message);
    // In one batch, as after a pause.
    let events = [sent, platform.reading((id, 1), to, READ), other];
    platform.hear_outcomes(&events).await;
    platform
        .hear_outcomes(&[platform.reading((id, 1), to, "2026-03-12T10:00:00Z")])
        .await;
    let told = summary(&platform, id).await;
    assert_eq!((told.sent, told.read, told.pending), (2, 1, 1));
    assert_eq!(sum(&told), 3, "who read it is one of the sent");
    let listed = tellings(&platform, id, Some(TellingState::Sent)).await.unwrap();
    for telling in &listed {
        let read_at = (telling.message_id == Some(message)).then(|| at(READ));
        assert_eq!(telling.read_at, read_at);
    }
    let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
    let beginning = Beginning {
        from: From::Message(message),
        include_later: false,
    };
    let trace = trace::get(&platform.db, &platform.tenant, beginning, &page)
        .await
        .unwrap();
    assert_eq!(trace.tellings[0].read_at, Some(at(READ)));
}

#[tokio::test]
async fn a_reading_of_what_is_not_known_to_be_sent_changes_nothing() {
    const READ: &str = "2026-03-12T09:00:00Z";
    let (platform, id, persons) = rolled_out(3).await;
    let blocked = platform.outcome((id, 1), &persons[0], MessageState::Blocked, "no_consent");
    let sent = platform.outcome((id, 1), &persons[1], MessageState::Sent, "");
    let (unsent, message) = (message_of(&blocked), message_of(&sent));
    platform.hear_outcomes(&[blocked, sent]).await;
    let stranger = Uuid::now_v7().to_string();
    let readings = [
        platform.reading((id, 1), (&persons[0], unsent), READ),
        platform.reading((id, 1), (&persons[1], Uuid::now_v7()), READ),
        platform.reading((id, 1), (&persons[2], Uuid::now_v7()), READ),
        platform.reading((id, 1), (&stranger, message), READ),
        platform.reading((id, 2), (&persons[1], message), READ),
        platform.reading((Uuid::now_v7(), 1), (&persons[1], message), READ),
        platform.reading((id, 1), ("", message), READ),
    ];
    platform.hear_outcomes(&readings).await;
    let told = summary(&platform, id).await;
    assert_eq!((told.sent, told.blocked, told.pending, told.read), (1, 1, 1, 0));
}

#[tokio::test]
async fn a_reading_about_something_else_is_passed_over() {
    let (platform, id, persons) = rolled_out(1).await;
    let message_id = Uuid::now_v7();
    let message = Some(Message {
        message_id: message_id.to_string(),
        profile_id: persons[0].clone(),
        origin: Some(MessageOrigin {
            kind: "crm".to_owned(),
            id: "order 1".to_owned(),
            occasion: "shipped".to_owned(),
        }),
        read_time: Some(timestamp(at("2026-03-12T09:00:00Z"))),
        ..Default::default()
    });
    platform
        .hear_outcomes(&[platform.event(message_id, &MessageRead { message })])
        .await;
    assert_eq!(summary(&platform, id).await.read, 0);
}
