use attune_api::profiles::v1::ListProfilesRequest;
use attune_testkit::{Failure, TestPlatform, reason};

use crate::fixture::{create, named};

#[tokio::test]
async fn paging_walks_every_profile_once_oldest_first() -> Result<(), Failure> {
    let platform = TestPlatform::start().await?;
    let acme = platform.tenant("acme");
    let mut made = Vec::new();
    for n in 0..23 {
        made.push(create(&acme, named(&format!("Person {n}"), vec![])).await?);
    }
    create(&platform.tenant("globex"), named("Not theirs", vec![])).await?;

    let (mut walked, mut sizes, mut page_token) = (Vec::new(), Vec::new(), String::new());
    loop {
        let request = ListProfilesRequest {
            page_size: 10,
            page_token,
        };
        let page = acme.profiles().list_profiles(request).await?.into_inner();
        sizes.push(page.profiles.len());
        walked.extend(page.profiles);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!((sizes, walked), (vec![10, 10, 3], made));

    let request = ListProfilesRequest {
        page_size: 0,
        page_token: "made up".into(),
    };
    let refused = acme.profiles().list_profiles(request).await.unwrap_err();
    assert_eq!(reason(&refused), "INVALID_PAGE_TOKEN");
    Ok(())
}
