//! No quote outlives what it quotes.

use super::detection::{issues, with_storm};
use super::themes::{about_zorbs, gather, themes, with_zorbs};
use super::{Bench, instant};
use crate::domain::{digest, digests};
use crate::{commands, store};

impl Bench {
    /// Takes back all feedback that a quote is of, as a correction of an answer does; answers how much that was and what
    /// it said.
    async fn take_back(&self, quote: &str) -> (usize, String) {
        let all: Vec<(uuid::Uuid, String)> =
            sqlx::query_as("SELECT feedback_id, text FROM feedback.feedback WHERE tenant_id = $1")
                .bind(self.tenant.as_str())
                .fetch_all(&self.admin)
                .await
                .unwrap();
        let quoted: Vec<_> = all
            .into_iter()
            .filter(|(_, text)| digests(text).contains(&digest(quote)))
            .collect();
        let ids: Vec<_> = quoted.iter().map(|(id, _)| *id).collect();
        let mut tx = self.db.system(&self.tenant).await.unwrap();
        let beside = commands::response::withdraw(&mut tx, &ids).await.unwrap();
        store::coded_counts::subtract(&mut tx, &beside).await.unwrap();
        tx.commit().await.unwrap();
        (ids.len(), quoted[0].1.clone())
    }

    /// Whether what the themes have learnt holds these words.
    async fn learnt(&self, words: &str) -> bool {
        sqlx::query_scalar(
            "SELECT position(convert_to($2, 'UTF8') IN state) > 0 FROM feedback.theme_state WHERE tenant_id = $1",
        )
        .bind(self.tenant.as_str())
        .bind(words)
        .fetch_one(&self.admin)
        .await
        .unwrap()
    }
}

const NOTED: &str = "SELECT count(*) FROM feedback.forgotten_quote WHERE tenant_id = $1";

#[tokio::test]
async fn a_hot_issue_does_not_quote_what_was_taken_back() {
    let (bench, issue) = with_storm().await;
    let quote = &issue.quotes[0];
    let (count, _) = bench.take_back(quote).await;
    assert!(
        i64::try_from(count).unwrap() >= issue.evidence_size,
        "all that the issue rests on says it"
    );
    let left = issues(&bench).await.pop().unwrap().quotes;
    let expected: Vec<_> = issue
        .quotes
        .iter()
        .filter(|kept| *kept != quote)
        .cloned()
        .collect();
    assert_eq!(left, expected, "the others stay, in their order");
}

#[tokio::test]
async fn a_theme_forgets_what_was_taken_back_and_does_not_quote_it_when_it_grows() {
    let bench = with_zorbs().await;
    let zorbs = themes(&bench, "2026-03-10T00:00:00Z", 7).await.remove(0);
    let quote = zorbs.theme.quotes[0].clone();
    assert!(bench.learnt(&quote).await);
    let (count, said) = bench.take_back(&quote).await;
    assert!(count >= 1 && said == quote, "{said}");
    let now = themes(&bench, "2026-03-10T00:00:00Z", 7).await.remove(0);
    assert!(!now.theme.quotes.contains(&quote), "at once: {now:?}");
    assert_eq!(now.theme.quotes.len(), zorbs.theme.quotes.len() - 1);
    assert!(bench.number(NOTED).await > 0);

    // At the next full hour nothing holds it any more.
    bench.hand.advance_to(instant("2026-03-10T08:00:00Z"));
    gather(&bench).await;
    assert!(!bench.learnt(&quote).await);
    assert_eq!(bench.number(NOTED).await, 0);
    let more = about_zorbs(5, instant("2026-03-10T08:30:00Z"));
    let others: Vec<_> = more.into_iter().filter(|draft| draft.text != quote).collect();
    bench.submit_many(others).await;
    bench.hand.advance_to(instant("2026-03-10T09:00:00Z"));
    gather(&bench).await;
    let grown = themes(&bench, "2026-03-11T00:00:00Z", 7).await.remove(0);
    assert_eq!(grown.theme.theme_id, zorbs.theme.theme_id);
    assert!(!grown.theme.quotes.contains(&quote) && !bench.learnt(&quote).await);
}
