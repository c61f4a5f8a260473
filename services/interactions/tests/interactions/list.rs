use attune_api::interactions::v1::{Interaction, ListInteractionsRequest};
use attune_testkit::{Failure, TestPlatform, reason};
use chrono::TimeDelta;
use uuid::Uuid;

use crate::fixture::{list, post, record, stream};

#[tokio::test]
async fn interactions_are_listed_newest_first_each_once_of_one_person_or_of_all() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let (ana, bo) = (Uuid::now_v7().to_string(), Uuid::now_v7().to_string());
    let mut given = Vec::new();
    for n in 0..30 {
        let person = [ana.as_str(), &bo, ""][n % 3];
        // Told in no order of time, some at the same instant.
        let minutes = (n * 7 % 30 / 2).try_into().unwrap();
        let happened = platform.now() - TimeDelta::minutes(minutes);
        given.push(Interaction {
            profile_id: person.into(),
            ..post(&n.to_string(), happened)
        });
    }
    stream(&acme, vec![given]).await?;
    record(&platform.tenant("globex"), post("x", platform.now())).await?;

    for (person, expected) in [(ana.as_str(), 10), (bo.as_str(), 10), ("", 30)] {
        let walked = list(&acme, person, 4).await?;
        assert_eq!(walked.len(), expected);
        assert!(walked.is_sorted_by(|a, b| {
            let key = |i: &Interaction| {
                (
                    i.occurred_at.map(|t| (t.seconds, t.nanos)),
                    i.interaction_id.clone(),
                )
            };
            key(a) > key(b)
        }));
        assert!(person.is_empty() || walked.iter().all(|interaction| interaction.profile_id == person));
        assert_eq!(walked, list(&acme, person, 0).await?);
    }
    let page = ListInteractionsRequest {
        profile_id: ana,
        page_size: 4,
        page_token: String::new(),
    };
    let page_token = acme
        .interactions()
        .list_interactions(page)
        .await?
        .into_inner()
        .next_page_token;
    let other = ListInteractionsRequest {
        profile_id: bo,
        page_size: 4,
        page_token,
    };
    let refused = acme.interactions().list_interactions(other).await.unwrap_err();
    assert_eq!(reason(&refused), "INVALID_PAGE_TOKEN");
    Ok(())
}
