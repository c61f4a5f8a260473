//! Feedback goes in once, whole, and is found again.

use attune_api::feedback::v1 as pb;
use attune_rpc::{Page, Reason, RequestKey, Violations};
use uuid::Uuid;

use super::{Bench, CANCELLED, HAPPY, PLAIN, by, instant, minutes, said, without_request_id};
use crate::commands;
use crate::commands::submission::{Submissions, Submit};
use crate::domain::{Draft, Feedback, Rating, Sentiment};
use crate::error::Error;
use crate::store::feedback::{Filter, Place};
use attune_stats::metric::AnswerScale;

const NOON: &str = "2026-03-01T12:00:00Z";

fn from(source_id: &str, draft: Draft) -> Draft {
    Draft {
        source_id: Some(source_id.into()),
        ..draft
    }
}

async fn submit(bench: &Bench, draft: Draft, key: RequestKey) -> Result<Feedback, Error> {
    let submissions = Submissions::gather(bench.db.clone(), bench.reader.clone());
    let submit = Submit { draft, key };
    commands::submission::submit(&submissions, &bench.db, &bench.reader, &bench.tenant, submit).await
}

async fn list(bench: &Bench, filter: &Filter, size: i32, token: &str) -> (Vec<Feedback>, String) {
    let page: Page<Place> = Page::parse(size, token, filter, &mut Violations::default()).unwrap();
    commands::feedback::list(&bench.db, &bench.tenant, filter, &page)
        .await
        .unwrap()
}

#[tokio::test]
async fn what_was_submitted_is_read_back_with_what_was_understood() {
    let bench = Bench::at(NOON).await;
    let rating = Rating::parse(AnswerScale::Nps, 2).unwrap();
    let draft = Draft {
        touchpoint: "gate.desk".into(),
        agent_id: "e-17 😡".into(),
        rating: Some(rating),
        interaction_id: Some(Uuid::now_v7()),
        ..by(
            Uuid::now_v7(),
            from(
                "s1",
                said(CANCELLED, "North", instant("2026-03-01T11:59:59.999999Z")),
            ),
        )
    };
    let made = submit(&bench, draft.clone(), without_request_id()).await.unwrap();
    let read = commands::feedback::get(&bench.by_id(), &bench.tenant, made.feedback_id)
        .await
        .unwrap();
    assert_eq!(read, made);
    assert_eq!(read.draft, draft);
    let understood = read.understanding.unwrap();
    assert_eq!(understood.language.as_deref(), Some("en"));
    assert_eq!(understood.sentiment, Some(Sentiment::Negative));
    let mention = understood
        .topics
        .iter()
        .find(|mention| mention.topic_id == "cancellation")
        .unwrap();
    let quoted = usize::try_from(mention.start).unwrap()..usize::try_from(mention.end).unwrap();
    assert!(CANCELLED[quoted].contains("cancelled"));
}

#[tokio::test]
async fn an_answer_without_a_text_is_kept_without_an_understanding() {
    let bench = Bench::at(NOON).await;
    let rating = Rating::parse(AnswerScale::Csat, 5).unwrap();
    let draft = Draft {
        rating: Some(rating),
        ..said("", "North", instant(NOON))
    };
    let made = submit(&bench, draft, without_request_id()).await.unwrap();
    assert_eq!((made.understanding, made.draft.rating), (None, Some(rating)));
}

#[tokio::test]
async fn the_same_request_is_answered_with_the_same_feedback_and_another_body_is_refused() {
    let bench = Bench::at(NOON).await;
    let key = |body: u8| RequestKey {
        method: "SubmitFeedback",
        request_id: Some(Uuid::from_u128(7)),
        hash: [body; 32],
    };
    let first = submit(&bench, said(PLAIN, "", instant(NOON)), key(1))
        .await
        .unwrap();
    let again = submit(&bench, said(PLAIN, "", instant(NOON)), key(1))
        .await
        .unwrap();
    assert_eq!(first.feedback_id, again.feedback_id);
    let other = submit(&bench, said(HAPPY, "", instant(NOON)), key(2))
        .await
        .unwrap_err();
    assert_eq!(attune_rpc::Error::from(other).reason(), Reason::RequestIdReused);
    assert_eq!(
        bench
            .number("SELECT count(*) FROM feedback.feedback WHERE tenant_id = $1")
            .await,
        1
    );
}

#[tokio::test]
async fn a_known_source_is_answered_with_the_feedback_it_made_before() {
    let bench = Bench::at(NOON).await;
    let key = RequestKey {
        method: "SubmitFeedback",
        request_id: Some(Uuid::from_u128(8)),
        hash: [1; 32],
    };
    let first = submit(
        &bench,
        from("s1", said(PLAIN, "", instant(NOON))),
        without_request_id(),
    )
    .await
    .unwrap();
    for _ in 0..2 {
        let again = submit(&bench, from("s1", said(HAPPY, "", instant(NOON))), key.clone())
            .await
            .unwrap();
        assert_eq!(again, first);
    }
    let other_channel = Draft {
        channel: "email".into(),
        ..from("s1", said(PLAIN, "", instant(NOON)))
    };
    assert_ne!(
        submit(&bench, other_channel, without_request_id())
            .await
            .unwrap()
            .feedback_id,
        first.feedback_id
    );
}

#[tokio::test]
async fn what_many_submit_at_once_is_recorded_once_each_and_answered_one_by_one() {
    let bench = Bench::at(NOON).await;
    let submissions = Submissions::gather(bench.db.clone(), bench.reader.clone());
    let send = |draft: Draft, key: RequestKey| {
        let submit = Submit { draft, key };
        commands::submission::submit(&submissions, &bench.db, &bench.reader, &bench.tenant, submit)
    };
    let key = |request: u128, body: u8| RequestKey {
        method: "SubmitFeedback",
        request_id: Some(Uuid::from_u128(request)),
        hash: [body; 32],
    };
    let at = instant(NOON);
    let mut calls = vec![
        // The same request twice and with another body, then one source under two requests.
        send(said(CANCELLED, "North", at), key(1, 1)),
        send(said(CANCELLED, "North", at), key(1, 1)),
        send(said(HAPPY, "North", at), key(1, 2)),
        send(from("s1", said(PLAIN, "North", at)), key(2, 1)),
        send(from("s1", said(HAPPY, "North", at)), key(3, 1)),
    ];
    calls.extend((10..40).map(|request| send(said(CANCELLED, "North", at), key(request, 1))));
    let answers = futures::future::join_all(calls).await;
    let refused = answers[2].as_ref().unwrap_err();
    assert!(matches!(refused, Error::Rpc(error) if error.reason() == Reason::RequestIdReused));
    let made: Vec<Option<&Feedback>> = answers.iter().map(|answer| answer.as_ref().ok()).collect();
    assert_eq!(made.iter().filter(|made| made.is_none()).count(), 1);
    assert_eq!(made[0], made[1]);
    assert_eq!(made[3], made[4]);
    for one in made.iter().flatten() {
        let read = commands::feedback::get(&bench.by_id(), &bench.tenant, one.feedback_id).await;
        assert_eq!(&read.unwrap(), *one);
    }
    let stored = "SELECT count(*) FROM feedback.feedback WHERE tenant_id = $1";
    assert_eq!(bench.number(stored).await, 32);
    assert_eq!(bench.told::<pb::FeedbackSubmitted>().await.len(), 32);
    let counted = "SELECT sum(feedback)::bigint FROM feedback.slice_count WHERE tenant_id = $1 AND topic_id = '' \
                   AND grain = 'day'";
    assert_eq!(bench.number(counted).await, 32);
    let again = send(from("s1", said(HAPPY, "North", at)), key(3, 1))
        .await
        .unwrap();
    assert_eq!(Some(&again), made[3], "its request leads to what was there");
}

#[tokio::test]
async fn a_batch_keeps_each_piece_once_and_answers_in_order() {
    let bench = Bench::at(NOON).await;
    let at = instant(NOON);
    let known = bench.submit_many(vec![from("b", said(PLAIN, "", at))]).await[0].feedback_id;
    let batch = ["a", "b", "a", "c", "b"].map(|source| from(source, said(CANCELLED, "", at)));
    let results = bench.submit_many(batch.into()).await;
    let duplicates: Vec<bool> = results.iter().map(|result| result.duplicate).collect();
    assert_eq!(duplicates, [false, true, true, false, true]);
    assert_eq!((results[1].feedback_id, results[4].feedback_id), (known, known));
    assert_eq!(results[0].feedback_id, results[2].feedback_id);
    assert_eq!(
        bench
            .number("SELECT count(*) FROM feedback.feedback WHERE tenant_id = $1")
            .await,
        3
    );
    assert_eq!(bench.told::<pb::FeedbackSubmitted>().await.len(), 3);
    let counted = "SELECT sum(feedback)::bigint FROM feedback.slice_count WHERE tenant_id = $1 AND topic_id = '' AND grain = 'day'";
    assert_eq!(bench.number(counted).await, 3);
}

#[tokio::test]
async fn concurrent_batches_of_the_same_pieces_neither_deadlock_nor_double() {
    let bench = Bench::at(NOON).await;
    let piece = |i: i64| {
        from(
            &format!("s{i}"),
            said(CANCELLED, "North", instant(NOON) + minutes(i)),
        )
    };
    let forwards = || (0..80).map(piece).collect::<Vec<_>>();
    let backwards = || (0..80).rev().map(piece).collect::<Vec<_>>();
    let results = tokio::join!(
        bench.submit_many(forwards()),
        bench.submit_many(backwards()),
        bench.submit_many(forwards()),
        bench.submit_many(backwards()),
    );
    let (a, b, c, d) = results;
    let fresh = a
        .iter()
        .chain(&b)
        .chain(&c)
        .chain(&d)
        .filter(|result| !result.duplicate)
        .count();
    assert_eq!(fresh, 80);
    assert_eq!(
        a.iter().map(|r| r.feedback_id).collect::<Vec<_>>(),
        c.iter().map(|r| r.feedback_id).collect::<Vec<_>>()
    );
    assert_eq!(
        bench
            .number("SELECT count(*) FROM feedback.feedback WHERE tenant_id = $1")
            .await,
        80
    );
}

#[tokio::test]
async fn lists_go_from_the_last_said_to_the_first_and_keep_to_their_filter() {
    let bench = Bench::at(NOON).await;
    let person = Uuid::now_v7();
    let at = |i: i64| instant("2026-02-20T00:00:00Z") + minutes(i / 2);
    let batch = (0..30).map(|i| {
        let draft = said(
            if i % 3 == 0 { CANCELLED } else { PLAIN },
            if i % 2 == 0 { "North" } else { "South" },
            at(i),
        );
        if i % 5 == 0 { by(person, draft) } else { draft }
    });
    bench.submit_many(batch.collect()).await;
    let everything = Filter::default();
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let (page, next) = list(&bench, &everything, 7, &token).await;
        seen.extend(page);
        token = next;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen.len(), 30);
    let place = |feedback: &Feedback| (feedback.draft.occurred_at, feedback.feedback_id);
    assert!(seen.windows(2).all(|pair| place(&pair[0]) > place(&pair[1])));
    let count = async |filter: Filter| list(&bench, &filter, 200, "").await.0.len();
    assert_eq!(
        count(Filter {
            profile_id: Some(person),
            ..Filter::default()
        })
        .await,
        6
    );
    assert_eq!(
        count(Filter {
            product: Some("North".into()),
            ..Filter::default()
        })
        .await,
        15
    );
    let cancelled = Filter {
        topic_id: Some("cancellation".into()),
        ..Filter::default()
    };
    assert_eq!(count(cancelled.clone()).await, 10);
    assert_eq!(
        count(Filter {
            product: Some("North".into()),
            ..cancelled
        })
        .await,
        5
    );
}

#[tokio::test]
async fn another_tenant_does_not_see_it() {
    let bench = Bench::at(NOON).await;
    let made = submit(&bench, said(PLAIN, "", instant(NOON)), without_request_id())
        .await
        .unwrap();
    let stranger = attune_rpc::TenantId::parse("stranger").unwrap();
    let refused = commands::feedback::get(&bench.by_id(), &stranger, made.feedback_id)
        .await
        .unwrap_err();
    assert_eq!(attune_rpc::Error::from(refused).reason(), Reason::NotFound);
}

#[tokio::test]
async fn what_is_told_of_feedback_holds_no_text() {
    let bench = Bench::at(NOON).await;
    bench
        .submit_many(vec![said(CANCELLED, "North", instant(NOON))])
        .await;
    let told = bench.told::<pb::FeedbackSubmitted>().await;
    let (_, version, event) = &told[0];
    assert_eq!((*version, event.product.as_str()), (1, "North"));
    assert!(!event.understanding.as_ref().unwrap().topics.is_empty());
    assert!(!format!("{event:?}").contains("terrible"));
}
