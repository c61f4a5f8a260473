//! Feedback as it comes.

use std::collections::BTreeSet;

use tonic::Request;
use tonic::transport::Endpoint;

use super::*;

/// The same for a reader whose window holds little.
async fn open_narrow(alone: &Alone, tenant: &str) -> Streaming<pb::WatchFeedbackResponse> {
    const WINDOW: u32 = 64 << 10;
    let channel = Endpoint::from_shared(format!("http://{}", alone.running.address()))
        .unwrap()
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .connect_lazy();
    let mut request = Request::new(pb::WatchFeedbackRequest::default());
    let bearer = format!("Bearer {}", alone.token(tenant, "feedback.read"));
    request
        .metadata_mut()
        .insert("authorization", bearer.parse().unwrap());
    let opened = FeedbackServiceClient::new(channel).watch_feedback(request).await;
    opened.unwrap().into_inner()
}

/// What a stream tells until it has told `count` pieces.
async fn read(stream: &mut Streaming<pb::WatchFeedbackResponse>, count: usize) -> (Vec<String>, String) {
    let (mut ids, mut through) = (Vec::new(), String::new());
    while ids.len() < count {
        let response = next(stream).await.unwrap();
        assert_eq!(response.gap, None);
        ids.extend(response.feedback.into_iter().map(|piece| piece.feedback_id));
        through = response.through;
    }
    (ids, through)
}

#[tokio::test]
async fn new_feedback_comes_in_order_and_another_tenants_does_not() {
    let alone = Alone::start().await;
    let mut early = open(&alone, "acme", pb::WatchFeedbackRequest::default())
        .await
        .unwrap();
    next(&mut early).await.unwrap();
    let before = submit(&alone, "acme", vec![rated(pb::RatingKind::Nps, 9, "before")]).await;
    assert_eq!(read(&mut early, 1).await.0, before);
    let mut acme = open(&alone, "acme", pb::WatchFeedbackRequest::default())
        .await
        .unwrap();
    let mut globex = open(&alone, "globex", pb::WatchFeedbackRequest::default())
        .await
        .unwrap();
    let begins = next(&mut acme).await.unwrap();
    assert!(begins.feedback.is_empty() && !begins.through.is_empty());
    next(&mut globex).await.unwrap();
    let foreign = submit(&alone, "globex", vec![rated(pb::RatingKind::Nps, 1, "North")]).await;
    let mut own = submit(&alone, "acme", vec![rated(pb::RatingKind::Nps, 3, "North")]).await;
    own.extend(submit(&alone, "acme", vec![rated(pb::RatingKind::Nps, 4, "South")]).await);
    assert_eq!(read(&mut acme, 2).await.0, own);
    assert_eq!(read(&mut globex, 1).await.0, foreign);
}

#[tokio::test]
async fn a_filter_shows_what_fits_and_the_text_as_it_is_stored() {
    let alone = Alone::start().await;
    let request = pb::WatchFeedbackRequest {
        slice: Some(pb::Slice {
            product: "North".into(),
            topic_id: "cancellation".into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let mut watched = open(&alone, "acme", request).await.unwrap();
    next(&mut watched).await.unwrap();
    let said = |text: &str, product: &str| pb::Feedback {
        text: text.into(),
        rating: None,
        ..rated(pb::RatingKind::Nps, 0, product)
    };
    let submitted = vec![
        said("thank you, great crew!", "North"),
        said("you cancelled my flight, awful", "South"),
        said("you cancelled my flight, awful", "North"),
    ];
    let ids = submit(&alone, "acme", submitted).await;
    let fitting = next(&mut watched).await.unwrap().feedback;
    assert_eq!(fitting.len(), 1);
    assert_eq!(
        (&fitting[0].feedback_id, fitting[0].text.as_str()),
        (&ids[2], "you cancelled my flight, awful")
    );
    let mut client = FeedbackServiceClient::new(alone.as_user("acme", "feedback.read"));
    let request = pb::GetFeedbackRequest {
        feedback_id: ids[2].clone(),
    };
    let stored = client.get_feedback(request).await.unwrap().into_inner().feedback;
    assert_eq!(stored.as_ref(), fitting.first());
}

#[tokio::test]
async fn a_stream_goes_on_where_the_one_before_ended() {
    let alone = Alone::start().await;
    let mut first = open(&alone, "acme", pb::WatchFeedbackRequest::default())
        .await
        .unwrap();
    next(&mut first).await.unwrap();
    let scores = |count| {
        (0..count)
            .map(|score| rated(pb::RatingKind::Nps, score % 11, "North"))
            .collect()
    };
    submit(&alone, "acme", scores(30)).await;
    let (_, through) = read(&mut first, 30).await;
    drop(first);
    let mut missed = submit(&alone, "acme", scores(1_700)).await;
    let request = pb::WatchFeedbackRequest {
        after: through,
        ..Default::default()
    };
    let mut second = open(&alone, "acme", request).await.unwrap();
    let (read_again, _) = read(&mut second, 1_700).await;
    assert_eq!(read_again, missed, "all of it is stored, so nothing is missed");
    missed = submit(&alone, "acme", scores(1)).await;
    assert_eq!(read(&mut second, 1).await.0, missed, "and then what is new");
    for (after, code) in [
        ("nonsense", Code::InvalidArgument),
        ("AAAA", Code::InvalidArgument),
    ] {
        let request = pb::WatchFeedbackRequest {
            after: after.into(),
            ..Default::default()
        };
        assert_eq!(
            open(&alone, "acme", request).await.unwrap_err().code(),
            code,
            "{after}"
        );
    }
}

#[tokio::test]
async fn a_slow_reader_is_told_what_it_missed_and_can_read_it_later() {
    let alone = Alone::start().await;
    let mut slow = open_narrow(&alone, "acme").await;
    next(&mut slow).await.unwrap();
    // More than fits the reader's window, the server's buffers and what is kept for all readers.
    let long = |number: usize| pb::Feedback {
        source_id: format!("{number}-{}", "x".repeat(190)),
        product: "N".repeat(100),
        ..rated(pb::RatingKind::Nps, 5, "")
    };
    let all: BTreeSet<String> = submit(&alone, "acme", (0..4_000).map(long).collect())
        .await
        .into_iter()
        .collect();
    assert_eq!(all.len(), 4_000);
    let (mut seen, mut gaps) = (BTreeSet::new(), Vec::new());
    let mut missed = 0;
    while seen.len() + missed < all.len() {
        let response = next(&mut slow).await.unwrap();
        seen.extend(response.feedback.into_iter().map(|piece| piece.feedback_id));
        if let Some(gap) = response.gap {
            missed += usize::try_from(gap.missed).unwrap();
            gaps.push(gap);
        }
    }
    assert!(
        missed > 0 && seen.len() > 20,
        "{missed} missed, {} seen",
        seen.len()
    );
    assert_eq!(
        seen.len() + missed,
        all.len(),
        "what was missed is counted exactly"
    );
    for gap in gaps {
        let request = pb::WatchFeedbackRequest {
            after: gap.after,
            ..Default::default()
        };
        let mut again = open(&alone, "acme", request).await.unwrap();
        let mut found: Vec<String> = Vec::new();
        while found.len() < usize::try_from(gap.missed).unwrap() {
            found.extend(
                next(&mut again)
                    .await
                    .unwrap()
                    .feedback
                    .into_iter()
                    .map(|piece| piece.feedback_id),
            );
        }
        found.truncate(usize::try_from(gap.missed).unwrap());
        assert!(
            found.iter().all(|id| !seen.contains(id)),
            "a gap holds nothing that was seen"
        );
        seen.extend(found);
    }
    assert_eq!(seen, all);
}
