//! Two issues of one that turned out to be two problems.

mod refused;
mod undone;

use attune_api::improvement::v1 as pb;
use attune_api::notifications::v1::MessageState;
use attune_rpc::{Page, Reason, Violations};
use uuid::Uuid;

use super::platform::{Platform, at, frozen, member, once, opened};
use crate::commands::split::{self, Parted, Split};
use crate::commands::trace::{self, Beginning, From};
use crate::commands::{issue, owed, telling};
use crate::domain::{Issue, IssueState, Member, Origin, OwedBecause, Part, RelationKind, Statement};
use crate::domain::{TellingState, TermKind};
use crate::error::Error;
use crate::events::HotIssues;

/// A hot issue with a cohort: who said which feedback, and feedback of nobody known.
struct Whole {
    issue: Issue,
    persons: Vec<(Uuid, Vec<Uuid>)>,
    nobodys: Vec<Uuid>,
}

impl Whole {
    /// The feedback of the person at `place`.
    fn said(&self, place: usize) -> &[Uuid] {
        &self.persons[place].1
    }

    fn person(&self, place: usize) -> Uuid {
        self.persons[place].0
    }
}

fn part(topic_id: &str, product: &str) -> Part {
    Part {
        title: "Vouchers are refused".to_owned(),
        description: "At the counter.".to_owned(),
        topic_id: topic_id.to_owned(),
        product: product.to_owned(),
    }
}

fn statement() -> Statement {
    Statement {
        by: "Ada".to_owned(),
        reason: "vouchers are another matter".to_owned(),
    }
}

fn command(issue_id: Uuid, feedback_ids: &[Uuid]) -> Split {
    Split {
        issue_id,
        etag: String::new(),
        part: part("vouchers", "united"),
        feedback_ids: feedback_ids.to_vec(),
        statement: statement(),
        key: once("SplitIssue"),
    }
}

impl Platform {
    /// Persons who said so many things each, and two things that nobody knows who said.
    async fn whole(&self, said: &[usize]) -> Whole {
        let hot_issue_id = Uuid::now_v7();
        let members: Vec<_> = said.iter().map(|said| member(*said)).collect();
        let nobodys = vec![Uuid::now_v7(), Uuid::now_v7()];
        let cohort = frozen(hot_issue_id, (1, 1), members.clone(), &nobodys);
        let events = [
            self.event(hot_issue_id, &opened(hot_issue_id)),
            self.event(hot_issue_id, &cohort),
        ];
        self.hear(&HotIssues, &events).await.unwrap();
        let id = |text: &String| text.parse::<Uuid>().unwrap();
        let persons = members.iter().map(|member| {
            (
                id(&member.profile_id),
                member.feedback_ids.iter().map(id).collect(),
            )
        });
        Whole {
            issue: self.issues().await.remove(0),
            persons: persons.collect(),
            nobodys,
        }
    }

    async fn split(&self, split: Split) -> Result<Parted, Error> {
        split::split(&self.db, &self.tenant, split).await
    }

    async fn split_off(&self, issue_id: Uuid, feedback_ids: &[Uuid]) -> Parted {
        self.split(command(issue_id, feedback_ids)).await.unwrap()
    }

    async fn cohort_of(&self, id: Uuid) -> Vec<Member> {
        let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
        issue::cohort(&self.db, &self.tenant, id, &page).await.unwrap().0
    }

    /// Who is owed an answer, by which issue and why, in the order of issues and persons.
    async fn owes(&self) -> Vec<(Uuid, Uuid, OwedBecause)> {
        let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
        let all = owed::List {
            issue_id: None,
            because: None,
            include_later: false,
        };
        let (owed, _) = owed::list(&self.db, &self.tenant, all, &page).await.unwrap();
        owed.into_iter()
            .map(|owed| (owed.reached.issue_id, owed.reached.profile_id, owed.because))
            .collect()
    }

    /// By which issues a person is owed an answer.
    async fn debtors_of(&self, person: Uuid) -> Vec<Uuid> {
        let owes = self.owes().await.into_iter();
        owes.filter(|(_, profile_id, _)| *profile_id == person)
            .map(|(issue_id, ..)| issue_id)
            .collect()
    }

    async fn trace_from(&self, from: From) -> trace::Trace {
        let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
        let beginning = Beginning {
            from,
            include_later: false,
        };
        trace::get(&self.db, &self.tenant, beginning, &page)
            .await
            .unwrap()
    }

    /// Whom an iteration was to be told to, and why they were not.
    async fn tellings(&self, initiative_id: Uuid) -> Vec<(Uuid, TellingState, String)> {
        let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
        let list = telling::List {
            initiative_id,
            iteration: 1,
            state: None,
        };
        let (tellings, _) = telling::list(&self.db, &self.tenant, list, &page).await.unwrap();
        tellings
            .into_iter()
            .map(|telling| (telling.profile_id, telling.state, telling.reason))
            .collect()
    }
}

/// The fields that are refused.
fn wrong(refused: Result<Parted, Error>) -> Vec<String> {
    let Err(Error::Rpc(error)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(error.reason(), Reason::InvalidFields);
    super::requests::wrong::<()>(Err(error))
}

fn refusal(refused: Result<Parted, Error>) -> String {
    match refused {
        Err(Error::WrongState(refused)) => refused.message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_part_has_a_cohort_of_its_own_and_nobody_leaves_the_whole() {
    let platform = Platform::start().await;
    // The first speaks of the part alone, the second of both, the third not of it.
    let whole = platform.whole(&[1, 2, 1]).await;
    let named = [whole.said(0)[0], whole.said(1)[0], whole.nobodys[0]];
    let Parted {
        part,
        whole: now,
        relation,
    } = platform.split_off(whole.issue.issue_id, &named).await;

    assert_eq!(
        (part.title.as_str(), part.topic_id.as_str(), part.state),
        ("Vouchers are refused", "vouchers", IssueState::Open)
    );
    assert_eq!(
        (part.origin, part.split_from, part.window_start),
        (Origin::Split, Some(now.issue_id), now.window_start)
    );
    assert_eq!(
        (part.cohort_size, part.evidence_size, part.cohort_frozen),
        (2, 3, true)
    );
    assert_eq!((now.cohort_size, now.evidence_size, now.gone_on), (3, 6, 1));
    assert_eq!(
        (
            now.title.as_str(),
            now.topic_id.as_str(),
            now.version,
            part.version
        ),
        (
            "Cancelled service: united",
            "cancelled_service",
            whole.issue.version + 1,
            1
        )
    );
    assert_eq!(
        (relation.kind, relation.rule.as_str(), relation.said_by.as_str()),
        (RelationKind::SplitFrom, "split/1", "Ada")
    );
    assert_eq!(
        (
            relation.members_joined,
            relation.evidence_joined,
            relation.members_gone_on
        ),
        (2, 3, 1)
    );
}

#[tokio::test]
async fn everybody_s_name_says_which_split_brought_them_and_where_they_went() {
    let platform = Platform::start().await;
    let whole = platform.whole(&[1, 2, 1]).await;
    let named = [whole.said(0)[0], whole.said(1)[0]];
    let Parted {
        part,
        whole: now,
        relation,
    } = platform.split_off(whole.issue.issue_id, &named).await;
    let joined = platform.cohort_of(part.issue_id).await;
    assert!(
        joined
            .iter()
            .all(|member| member.joined_by == Some(relation.issue_relation_id))
    );
    let stayed = platform.cohort_of(now.issue_id).await;
    assert_eq!(stayed.len(), 3, "nobody left");
    for member in stayed {
        let went = member.profile_id == whole.person(0);
        assert_eq!(
            member.gone_on_to,
            went.then_some(part.issue_id),
            "who spoke of both stays too"
        );
    }
    for id in [part.issue_id, now.issue_id] {
        assert_eq!(
            platform.issue_now(id).await.gone_on,
            i64::from(id == now.issue_id)
        );
    }
}

#[tokio::test]
async fn a_split_is_told_and_stands_at_both_ends_of_the_loop() {
    let platform = Platform::start().await;
    let whole = platform.whole(&[1, 2, 1]).await;
    let (went, both) = (whole.said(0)[0], whole.said(1));
    let made = platform.split_off(whole.issue.issue_id, &[went, both[0]]).await;
    let (part_id, whole_id) = (made.part.issue_id, made.whole.issue_id);

    let opened = platform.told_of::<pb::IssueOpened>().await;
    let origins: Vec<_> = opened
        .iter()
        .map(|told| told.issue.as_ref().unwrap().origin())
        .collect();
    assert_eq!(origins, [pb::IssueOrigin::Detected, pb::IssueOrigin::Split]);
    let [told] = platform.told_of::<pb::IssueSplit>().await.try_into().unwrap();
    assert_eq!(
        (told.issue.unwrap().gone_on, told.part.unwrap().cohort_size),
        (1, 2)
    );
    let subjects: Vec<_> = platform.told().await;
    let split = subjects
        .iter()
        .find(|told| told.type_name.ends_with("IssueSplit"))
        .unwrap();
    assert_eq!((split.subject, split.version), (whole_id, 2));

    for id in [part_id, whole_id] {
        assert_eq!(platform.relations(id).await, std::slice::from_ref(&made.relation));
    }
    for (from, leads_to) in [
        (From::Issue(part_id), part_id),
        (From::Issue(whole_id), whole_id),
        (From::Feedback(went), part_id),
        (From::Feedback(both[0]), part_id),
        (From::Feedback(both[1]), whole_id),
    ] {
        let found = platform.trace_from(from).await;
        assert_eq!(found.issue.issue_id, leads_to, "{from:?}");
        assert_eq!(found.splits, std::slice::from_ref(&made.relation), "{from:?}");
    }
    let all = platform.trace_from(From::Issue(whole_id)).await.feedback;
    assert_eq!(all.len(), 6, "what the whole rested on is all there");
    let elsewhere = all.iter().filter(|said| said.gone_on_to == Some(part_id)).count();
    assert_eq!(elsewhere, 2);
}

#[tokio::test]
async fn who_went_on_is_told_by_the_part_alone_and_who_spoke_of_both_by_each() {
    let platform = Platform::start().await;
    let whole = platform.whole(&[1, 2, 1]).await;
    let id = platform.prepared(whole.issue.issue_id).await.initiative_id;
    let made = platform
        .split_off(whole.issue.issue_id, &[whole.said(0)[0], whole.said(1)[0]])
        .await;
    let (part_id, whole_id) = (made.part.issue_id, made.whole.issue_id);
    assert_eq!(platform.debtors_of(whole.person(0)).await, [part_id]);
    assert_eq!(platform.debtors_of(whole.person(1)).await, [whole_id, part_id]);
    assert_eq!(platform.debtors_of(whole.person(2)).await, [whole_id]);

    platform.hand.advance_to(at("2026-03-12T06:00:00Z"));
    platform.roll_out(id, None).await.unwrap();
    let told = platform.tellings(id).await;
    assert_eq!(told.len(), 3, "of everybody it is recorded what they were told");
    for (person, state, reason) in told {
        let expected = if person == whole.person(0) {
            (TellingState::Blocked, "gone_on")
        } else {
            (TellingState::Pending, "")
        };
        assert_eq!((state, reason.as_str()), expected);
    }
    let asked = platform.told_of::<pb::CohortTellingRequested>().await;
    let asked: Vec<_> = asked.into_iter().flat_map(|event| event.profile_ids).collect();
    assert!(asked.len() == 2 && !asked.contains(&whole.person(0).to_string()));

    let other = platform.prepared(part_id).await.initiative_id;
    platform.roll_out(other, None).await.unwrap();
    let told: Vec<_> = platform
        .tellings(other)
        .await
        .into_iter()
        .map(|told| told.0)
        .collect();
    let mut expected = vec![whole.person(0), whole.person(1)];
    expected.sort();
    assert_eq!(told, expected);
    for (initiative_id, place) in [(id, 1), (id, 2), (other, 0), (other, 1)] {
        let person = whole.person(place).to_string();
        let sent = platform.outcome((initiative_id, 1), &person, MessageState::Sent, "");
        platform.hear_outcomes(&[sent]).await;
    }
    assert!(platform.owes().await.is_empty());
}

#[tokio::test]
async fn both_priorities_are_computed_anew_and_say_who_went_on() {
    let platform = Platform::start().await;
    let whole = platform.whole(&[1, 1, 1, 1]).await;
    let id = whole.issue.issue_id;
    let named = [whole.said(0)[0], whole.said(1)[0], whole.nobodys[0]];
    let made = platform.split_off(id, &named).await;
    let people = |priority: &crate::domain::Priority| {
        let term = priority
            .terms
            .iter()
            .find(|term| term.kind == TermKind::People)
            .cloned();
        term.unwrap()
    };
    for (issue, hit, said) in [
        (&made.part, 3.0, "It hit 2 known persons"),
        (
            &made.whole,
            3.0,
            "2 more persons of the cohort count for the issues that were split",
        ),
    ] {
        let (stored, priority) = platform.explained(issue.issue_id).await;
        let term = people(&priority);
        assert!((term.factor - hit).abs() < 1e-9, "{term:?}");
        assert!(term.explanation.contains(said), "{term:?}");
        assert_eq!(stored.priority.to_bits(), issue.priority.to_bits());
        assert_eq!(priority.computed_at, platform.db.clock().now());
    }
    let source = &people(&platform.explained(id).await.1).inputs[0].source;
    assert!(source.contains("without 2 who went on"), "{source}");
}
