//! Places that are held, and many who want one at the same moment.

use attune_api::notifications::v1::{ContactState, MessageState};
use attune_testkit::{Failure, TestPlatform, reason};
use chrono::TimeDelta;
use tonic::Code;
use uuid::Uuid;

use super::{allow, release, reserve, send_of, used};
use crate::fixture::{letter, outcome, person, send};

#[tokio::test(flavor = "multi_thread")]
async fn however_many_send_at_the_same_moment_no_more_are_sent_than_the_budget_allows() -> Result<(), Failure>
{
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let (most, persons, each) = (3, 4, 60);
    allow(&acme, most, 30).await?;
    let letter = letter(&acme).await?;
    let mut profiles = Vec::new();
    for n in 0..persons {
        profiles.push(person(&acme, &format!("P{n}"), &format!("p{n}@example.com"), "").await?);
    }
    // Several batches of messages, each of all persons, while others reserve.
    let sends = (0..each).flat_map(|_| &profiles).map(|profile_id| {
        let (acme, letter) = (&acme, letter.as_str());
        async move { send(acme, profile_id, letter, &[]).await }
    });
    let occasions: Vec<String> = (0..10).map(|n| n.to_string()).collect();
    let attempts = occasions.iter().flat_map(|occasion| {
        let acme = &acme;
        profiles
            .iter()
            .map(move |profile_id| async move { reserve(acme, profile_id, occasion).await })
    });
    let (sent, reserved) = tokio::join!(
        futures::future::join_all(sends),
        futures::future::join_all(attempts)
    );
    sent.into_iter().collect::<Result<Vec<_>, _>>()?;
    let reserved: Vec<_> = reserved.into_iter().collect::<Result<Vec<_>, _>>()?;
    platform.settle().await?;
    let mails = platform.mailbox().received();
    for (n, profile_id) in profiles.iter().enumerate() {
        let to = format!("p{n}@example.com");
        let got = mails.iter().filter(|mail| mail.to.contains(&to)).count();
        let held = reserved
            .iter()
            .filter_map(|answer| answer.contact.as_ref())
            .filter(|contact| contact.profile_id == *profile_id)
            .count();
        assert_eq!(
            got + held,
            usize::try_from(most)?,
            "{got} mails and {held} reserved"
        );
        assert_eq!(used(&acme, profile_id).await?, most);
    }
    Ok(())
}

#[tokio::test]
async fn a_reservation_holds_its_place_for_its_message_and_ends_by_itself() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    allow(&acme, 1, 7).await?;
    let ana = person(&acme, "Ana", "ana@example.com", "").await?;
    let letter = letter(&acme).await?;
    let reserved = reserve(&acme, &ana, "one").await?.contact.unwrap();
    assert_eq!(reserved.state(), ContactState::Reserved);
    assert_eq!(
        reserve(&acme, &ana, "one").await?.contact.unwrap().contact_id,
        reserved.contact_id
    );
    let refused = reserve(&acme, &ana, "two").await?;
    assert!(refused.contact.is_none());
    assert_eq!(refused.allowance.unwrap().reason, "contact_budget_used");
    // Somebody else comes first, and waits; the message it is reserved for goes.
    let other = send(&acme, &ana, &letter, &[]).await?;
    platform.settle().await?;
    assert_eq!(outcome(&acme, &other).await?.0, MessageState::Queued);
    let own = send_of(&acme, &ana, &letter, "one").await?;
    platform.settle().await?;
    assert_eq!(outcome(&acme, &own).await?.0, MessageState::Sent);
    assert_eq!(used(&acme, &ana).await?, 1);
    let taken = release(&acme, &reserved.contact_id).await.unwrap_err();
    assert_eq!(
        (taken.code(), reason(&taken).as_str()),
        (Code::FailedPrecondition, "WRONG_STATE")
    );

    // Given back, or left alone for an hour, it is free again.
    let bo = person(&acme, "Bo", "bo@example.com", "").await?;
    let given_back = reserve(&acme, &bo, "one").await?.contact.unwrap();
    release(&acme, &given_back.contact_id).await?;
    release(&acme, &given_back.contact_id).await?;
    assert_eq!(used(&acme, &bo).await?, 0);
    assert!(reserve(&acme, &bo, "two").await?.contact.is_some());
    assert!(reserve(&acme, &bo, "three").await?.contact.is_none());
    platform.advance(TimeDelta::hours(1)).await?;
    assert!(reserve(&acme, &bo, "three").await?.contact.is_some());
    let nothing = release(&acme, &Uuid::now_v7().to_string()).await.unwrap_err();
    assert_eq!(nothing.code(), Code::NotFound);
    Ok(())
}
