//! Topics below topics, and the versions of both.

use super::*;

#[tokio::test]
async fn a_taxonomy_is_no_circle_and_not_too_deep_and_keeps_what_is_used() {
    let bench = Bench::at(NOON).await;
    for id in ["a", "b", "c", "d", "e"] {
        make_group(&bench, id).await;
    }
    for (id, parent) in [("b", "a"), ("c", "b"), ("d", "c")] {
        put_below(&bench, id, parent).await.unwrap();
    }
    for (id, parent) in [("a", "d"), ("e", "d"), ("a", "a"), ("a", "nothing")] {
        let refused = put_below(&bench, id, parent).await.unwrap_err();
        assert_eq!(reason(refused), Reason::WrongState, "{id} below {parent}");
    }
    assert_eq!(
        reason(archive(&bench, "c", "").await.unwrap_err()),
        Reason::WrongState
    );
    assert_eq!(
        reason(archive(&bench, "nothing", "").await.unwrap_err()),
        Reason::NotFound
    );
    archive(&bench, "d", "").await.unwrap();
    assert_eq!(
        reason(put_below(&bench, "e", "d").await.unwrap_err()),
        Reason::WrongState
    );
}

#[tokio::test]
async fn each_version_says_who_changed_what_and_what_that_affects_and_can_be_read_again() {
    let bench = Bench::at(NOON).await;
    make_group(&bench, "travel").await;
    put_below(&bench, "delay", "travel").await.unwrap();
    archive(&bench, "billing", "").await.unwrap();
    let page = Page::parse(0, "", &"taxonomy_versions", &mut Violations::default()).unwrap();
    let (versions, _) = commands::topic::versions(&bench.db, &bench.tenant, &page)
        .await
        .unwrap();
    let told: Vec<_> = versions
        .iter()
        .map(|version| {
            (
                version.version,
                version.author.as_str(),
                version.topic_id.as_str(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [(3, "bob", "billing"), (2, "bob", "delay"), (1, "ann", "travel")]
    );
    assert_eq!(versions[1].affected, ["travel"], "the delay is found as before");
    assert!(versions[1].description.contains("place"));
    let parent = async |version| {
        let topic = commands::topic::get(&bench.db, &bench.tenant, "delay", Some(version)).await;
        topic.unwrap().parent_id
    };
    assert_eq!((parent(1).await, parent(3).await), (None, Some("travel".into())));
    let gone = commands::topic::get(&bench.db, &bench.tenant, "delay", Some(4)).await;
    assert_eq!(reason(gone.unwrap_err()), Reason::NotFound);
}
