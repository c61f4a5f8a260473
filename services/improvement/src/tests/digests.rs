//! Digests: each thing once, in a letter that a manager understands, or none.

use std::sync::Arc;

use attune_api::improvement::v1 as pb;
use attune_api::notifications::v1::MessageState;
use attune_rpc::{Page, Violations};
use attune_timers::TimerLoop;
use chrono::{DateTime, TimeDelta, Utc};
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::platform::{Platform, at, once};
use crate::commands::digest::{self, Create, Delete};
use crate::commands::evaluation;
use crate::domain::{
    Decision, Digest, DigestSchedule, DigestScope, DigestSubscription, News, NewsKind, TeamRole, TellingState,
};
use crate::error::Error;
use crate::timers::Digests;
use crate::{events, store};

/// The first hour of digests after the tests begin.
const EIGHT: &str = "2026-03-02T08:00:00Z";

fn eight_after(days: i64) -> DateTime<Utc> {
    at(EIGHT) + TimeDelta::days(days)
}

impl Platform {
    /// A subscription to the digest of each day at eight, for a member that there is.
    pub(super) async fn subscribe(
        &self,
        member_id: &str,
        department: &str,
        topic_id: &str,
        product: &str,
    ) -> DigestSubscription {
        self.try_subscribe(member_id, [department, topic_id, product])
            .await
            .unwrap()
    }

    async fn try_subscribe(&self, member_id: &str, scope: [&str; 3]) -> Result<DigestSubscription, Error> {
        let [department, topic_id, product] = scope.map(str::to_owned);
        let create = Create {
            member_id: member_id.to_owned(),
            scope: DigestScope {
                department,
                topic_id,
                product,
            },
            schedule: DigestSchedule {
                weekday: 0,
                hour: 8,
                time_zone: TimeZone::get("UTC").unwrap(),
            },
            key: once("CreateDigestSubscription"),
        };
        digest::create(&self.db, &self.tenant, create).await
    }

    fn digest_timers(&self) -> TimerLoop {
        TimerLoop::new(self.db.clone(), vec![Arc::new(Digests)])
    }

    async fn digests_until(&self, instant: DateTime<Utc>) {
        self.hand.advance_to(instant);
        let timers = self.digest_timers();
        while timers.step().await.unwrap() > 0 {}
    }

    async fn digests(&self, id: Uuid) -> Vec<Digest> {
        let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
        let mut digests = digest::digests(&self.db, &self.tenant, id, &page)
            .await
            .unwrap()
            .0;
        digests.reverse();
        digests
    }

    async fn letters(&self) -> Vec<pb::DigestComposed> {
        self.told_of().await
    }
}

/// A platform on which Grace gets a digest of everything each day at eight.
async fn grace_reads() -> (Platform, Uuid) {
    let platform = Platform::start().await;
    platform.member("grace", TeamRole::ExecutiveSponsor, "").await;
    let id = platform
        .subscribe("grace", "", "", "")
        .await
        .digest_subscription_id;
    (platform, id)
}

fn kinds(digest: &Digest) -> Vec<NewsKind> {
    digest.items.iter().map(|item| item.kind).collect()
}

#[tokio::test]
async fn what_happened_is_told_once_and_a_day_without_news_is_recorded_without_a_letter() {
    let (platform, id) = grace_reads().await;
    let (issue, _) = platform.issue(2).await;
    platform.plan(issue.issue_id).await.unwrap();
    platform.digests_until(eight_after(0)).await;
    platform.digests_until(eight_after(1)).await;

    let [told, nothing] = platform.digests(id).await.try_into().unwrap();
    assert_eq!(kinds(&told), [NewsKind::IssueOpened, NewsKind::InitiativePlanned]);
    assert!(
        told.items
            .iter()
            .all(|item| item.because == "you follow everything")
    );
    assert_eq!(
        told.items[0].sentence,
        "\"Cancelled service: united\" was found in what customers say."
    );
    assert_eq!(
        told.items[1].sentence,
        "Ada planned \"Rebook by itself\" for \"Cancelled service: united\"."
    );
    assert!(nothing.letter.is_none() && nothing.items.is_empty());
    assert_eq!(
        (nothing.number, nothing.period_start, nothing.period_end),
        (2, eight_after(0), eight_after(1))
    );
    let [letter] = platform.letters().await.try_into().unwrap();
    assert_eq!(
        (letter.number, letter.member_id.as_str(), letter.email.as_str()),
        (1, "grace", "grace@example.com")
    );
    assert_eq!(Some(letter.subject), told.letter.map(|letter| letter.subject));
    assert!(
        letter
            .body
            .starts_with("Dear GRACE Example,\n\nfrom 2 March 2026 to 2 March 2026, 1 issue was opened and 1 initiative was planned.\n"),
        "{}",
        letter.body
    );
}

#[tokio::test]
async fn before_somebody_subscribes_nothing_is_written_down() {
    let platform = Platform::start().await;
    platform.issue(2).await;
    let mut tx = platform.db.system(&platform.tenant).await.unwrap();
    let news: i64 = sqlx::query_scalar("SELECT count(*) FROM improvement.news")
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    assert_eq!(news, 0);
}

#[tokio::test]
async fn who_dies_in_the_middle_has_sent_nothing_and_whoever_comes_next_sends_one() {
    let (platform, id) = grace_reads().await;
    platform.issue(2).await;
    platform.hand.advance_to(eight_after(0));
    for _ in 0..3 {
        let mut tx = platform.db.system(&platform.tenant).await.unwrap();
        digest::compose(&mut tx, id).await.unwrap();
        tx.roll_back().await.unwrap();
    }
    assert!(platform.letters().await.is_empty() && platform.digests(id).await.is_empty());
    let (one, other) = (platform.digest_timers(), platform.digest_timers());
    let (first, second) = tokio::join!(one.step(), other.step());
    assert_eq!(first.unwrap() + second.unwrap(), 1, "one of two replicas");
    assert_eq!(platform.letters().await.len(), 1);
    assert_eq!(platform.digests(id).await.len(), 1);
    assert_eq!(platform.timers().await, 1, "the next one is set");
}

#[tokio::test]
async fn what_was_committed_late_is_in_the_next_digest() {
    let (platform, id) = grace_reads().await;
    let (issue, _) = platform.issue(2).await;
    let news = News {
        kind: NewsKind::IssueOpened,
        issue_id: issue.issue_id,
        initiative_id: None,
        iteration: 0,
        sentence: "It took its time.".to_owned(),
        departments: Vec::new(),
    };
    let mut slow = platform.db.system(&platform.tenant).await.unwrap();
    store::news::record(&mut slow, &news, ("", "")).await.unwrap();
    platform.digests_until(eight_after(0)).await;
    slow.commit().await.unwrap();
    platform.digests_until(eight_after(1)).await;
    platform.digests_until(eight_after(2)).await;
    let [first, second, third] = platform.digests(id).await.try_into().unwrap();
    assert_eq!((first.items.len(), third.items.len()), (1, 0));
    assert_eq!(second.items[0].sentence, "It took its time.");
}

#[tokio::test]
async fn a_digest_holds_what_its_subscriber_follows() {
    let platform = Platform::start().await;
    platform
        .member("grace", TeamRole::DepartmentOwner, "Service")
        .await;
    let (issue, _) = platform.issue(2).await;
    let mut subscriptions = Vec::new();
    for (scope, because) in [
        (["SERVICE", "", ""], "you follow the department \"SERVICE\""),
        (["Legal", "", ""], ""),
        (
            ["", "cancelled_service", ""],
            "you follow the topic \"cancelled_service\"",
        ),
        (["", "late_bags", ""], ""),
        (["", "", "united"], "you follow the product \"united\""),
        (["", "", "delta"], ""),
    ] {
        let made = platform.try_subscribe("grace", scope).await.unwrap();
        subscriptions.push((made.digest_subscription_id, because));
    }
    platform.plan(issue.issue_id).await.unwrap();
    platform.digests_until(eight_after(0)).await;
    for (id, because) in subscriptions {
        let [digest] = platform.digests(id).await.try_into().unwrap();
        let said: Vec<_> = digest.items.iter().map(|item| item.because.as_str()).collect();
        let expected: Vec<_> = Some(because)
            .filter(|because| !because.is_empty())
            .into_iter()
            .collect();
        assert_eq!(said, expected);
    }
    assert_eq!(platform.letters().await.len(), 3);
}

#[tokio::test]
async fn a_whole_loop_is_told_step_by_step() {
    let (platform, subscription) = grace_reads().await;
    let id = platform.with_ideas().await;
    platform.credit(id, "ada").await.unwrap();
    platform.credit(id, "joan").await.unwrap();
    platform.helps(id).await;
    let persons: Vec<String> = pending(&platform, id).await;
    let sent: Vec<_> = persons
        .iter()
        .map(|person| platform.outcome((id, 1), person, MessageState::Sent, ""))
        .collect();
    platform.hear_outcomes(&sent[..2]).await;
    platform.digests_until(eight_after(38)).await;
    platform.hear_outcomes(&sent[2..]).await;
    platform.digests_until(eight_after(39)).await;

    let [first, second] = platform.digests(subscription).await.try_into().unwrap();
    assert_eq!(
        kinds(&first),
        [
            NewsKind::IssueOpened,
            NewsKind::InitiativePlanned,
            NewsKind::InitiativeRolledOut,
            NewsKind::VerdictStated,
            NewsKind::PeopleTold,
            NewsKind::Recognised
        ]
    );
    assert_eq!(
        (first.items[4].people, first.items[4].sentence.as_str()),
        (
            2,
            "2 customers were told what \"Rebook by itself\" changed for them."
        )
    );
    assert!(
        first.items[3]
            .sentence
            .starts_with("\"Rebook by itself\": it helped; the share of feedback about it fell by "),
        "{}",
        first.items[3].sentence
    );
    assert_eq!(kinds(&second), [NewsKind::PeopleTold]);
    assert_eq!(
        second.items[0].sentence, "1 customer was told what \"Rebook by itself\" changed for them.",
        "who was told is counted once"
    );
    let body = &platform.letters().await[0].body;
    assert!(
        body.contains(
            "thanks go to those whose idea it was. It was the idea of ADA Example and JOAN Example."
        ),
        "{body}"
    );
    let kept = first.items.iter().any(|item| item.sentence.contains("ADA"));
    assert!(!kept, "a name that can be taken back is not kept");
}

async fn pending(platform: &Platform, initiative_id: Uuid) -> Vec<String> {
    let mut tx = platform.db.read(&platform.tenant).await.unwrap();
    let pending = Some(TellingState::Pending);
    let tellings = store::telling::page(&mut tx, (initiative_id, 1), pending, None, 10)
        .await
        .unwrap();
    let persons = tellings.iter().map(|telling| telling.profile_id.to_string());
    persons.collect()
}

#[tokio::test]
async fn a_verdict_that_is_restated_is_news_that_names_both() {
    let (platform, subscription) = grace_reads().await;
    let id = platform.with_ideas().await;
    platform.hand.advance_to(at("2026-03-12T06:00:00Z"));
    platform.roll_out(id, None).await.unwrap();
    platform.world.level(at("2026-03-12T06:00:00Z"), 1);
    platform.hand.advance_to(at("2026-04-09T06:00:00Z"));
    let evaluated = evaluation::evaluate(&platform.db, &*platform.world, &platform.tenant, id).await;
    let (look, mut judgement) = evaluated.unwrap().unwrap();
    let mut tx = platform.db.system(&platform.tenant).await.unwrap();
    evaluation::conclude(&mut tx, &look, &judgement).await.unwrap();
    tx.commit().await.unwrap();
    platform.digests_until(at("2026-04-09T08:00:00Z")).await;

    judgement.verdict.decision = Decision::Inconclusive;
    let mut tx = platform.db.system(&platform.tenant).await.unwrap();
    let mut initiative = store::initiative::lock(&mut tx, id).await.unwrap().unwrap();
    store::verdict::append(&mut tx, id, 1, &judgement).await.unwrap();
    events::verdict_reached(&mut tx, &mut initiative, 1, &judgement.verdict)
        .await
        .unwrap();
    store::initiative::update(&mut tx, &initiative).await.unwrap();
    tx.commit().await.unwrap();
    platform.digests_until(at("2026-04-10T08:00:00Z")).await;
    let digests = platform.digests(subscription).await;
    let last = digests.last().unwrap();
    assert_eq!(kinds(last), [NewsKind::VerdictRestated]);
    assert!(
        last.items[0].sentence.starts_with(
            "\"Rebook by itself\": before, it helped; now, it cannot be told whether it helped; the share of "
        ),
        "{}",
        last.items[0].sentence
    );
}

#[tokio::test]
async fn more_than_a_letter_holds_is_in_the_next_one() {
    let (platform, id) = grace_reads().await;
    let (issue, _) = platform.issue(1).await;
    let mut tx = platform.db.system(&platform.tenant).await.unwrap();
    for number in 0..510 {
        let news = News {
            kind: NewsKind::IssueOpened,
            issue_id: issue.issue_id,
            initiative_id: None,
            iteration: 0,
            sentence: format!("number {number}"),
            departments: Vec::new(),
        };
        store::news::record(&mut tx, &news, ("", "")).await.unwrap();
    }
    tx.commit().await.unwrap();
    platform.digests_until(eight_after(0)).await;
    platform.digests_until(eight_after(1)).await;
    let counts: Vec<_> = platform
        .digests(id)
        .await
        .iter()
        .map(|digest| digest.items.len())
        .collect();
    assert_eq!(counts, [500, 11]);
}

#[tokio::test]
async fn a_subscription_that_ended_is_told_nothing_and_its_timer_rests() {
    let (platform, id) = grace_reads().await;
    platform.issue(1).await;
    let delete = || Delete {
        digest_subscription_id: id,
        key: once("DeleteDigestSubscription"),
    };
    digest::delete(&platform.db, &platform.tenant, delete())
        .await
        .unwrap();
    platform.digests_until(eight_after(3)).await;
    assert!(platform.letters().await.is_empty());
    assert_eq!(platform.timers().await, 0);
    let again = digest::delete(&platform.db, &platform.tenant, delete()).await;
    assert!(matches!(again, Err(Error::NoSubscription(_))));
}

#[tokio::test]
async fn who_was_told_everything_needs_the_news_no_more() {
    let (platform, _) = grace_reads().await;
    platform.issue(1).await;
    for day in 0..12 {
        platform.digests_until(eight_after(day)).await;
    }
    let mut tx = platform.db.system(&platform.tenant).await.unwrap();
    let news: i64 = sqlx::query_scalar("SELECT count(*) FROM improvement.news")
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    assert_eq!(news, 0);
}

#[tokio::test]
async fn a_member_that_nobody_knows_cannot_subscribe_and_nobody_has_more_than_ten() {
    let (platform, _) = grace_reads().await;
    assert!(matches!(
        platform.try_subscribe("nobody", ["", "", ""]).await,
        Err(Error::NoMember(_))
    ));
    for _ in 0..9 {
        platform.subscribe("grace", "", "", "").await;
    }
    assert!(matches!(
        platform.try_subscribe("grace", ["", "", ""]).await,
        Err(Error::TooManySubscriptions(10))
    ));
}
