//! Thanks for ideas that worked: by name only by choice, and to groups as a number.

use attune_api::improvement::v1 as pb;
use attune_rpc::{Page, Violations, timestamp};
use uuid::Uuid;

use super::employees::group;
use super::platform::{Platform, at, once};
use crate::commands::merge::{self, Merge};
use crate::commands::recognition::{self, Credit};
use crate::commands::{board, evaluation};
use crate::convert;
use crate::domain::{CreditedMember, Decision, InitiativeState, Recognition, Statement, TeamRole};
use crate::error::Error;
use crate::store;

const ROLLED_OUT: &str = "2026-03-12T06:00:00Z";
const JUDGED: &str = "2026-04-09T06:00:00Z";

fn credit(initiative_id: Uuid, member_id: &str) -> Credit {
    Credit {
        initiative_id,
        member_id: member_id.to_owned(),
        key: once("CreditMember"),
    }
}

fn ids(members: &[CreditedMember]) -> Vec<&str> {
    members.iter().map(|member| member.member_id.as_str()).collect()
}

impl Platform {
    pub(super) async fn credit(&self, id: Uuid, member_id: &str) -> Result<Vec<CreditedMember>, Error> {
        recognition::credit(&self.db, &self.tenant, credit(id, member_id)).await
    }

    async fn withdraw(&self, id: Uuid, member_id: &str) -> Vec<CreditedMember> {
        recognition::withdraw(&self.db, &self.tenant, credit(id, member_id))
            .await
            .unwrap()
    }

    pub(super) async fn recognitions(&self) -> Vec<Recognition> {
        let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
        recognition::list(&self.db, &self.tenant, None, &page)
            .await
            .unwrap()
            .0
    }

    /// Everything that anybody can ask about recognitions, as it goes over the wire.
    async fn visible(&self) -> Vec<pb::Recognition> {
        let page = Page::parse(200, "", &"", &mut Violations::default()).unwrap();
        let board = board::get(&self.db, &self.tenant, None, &page).await.unwrap();
        let on_board = convert::board::to_proto(board).recognitions;
        let listed = self.recognitions().await.into_iter();
        listed
            .map(convert::recognition::to_proto)
            .chain(on_board)
            .collect()
    }

    /// An initiative with a team of three, prepared.
    pub(super) async fn with_ideas(&self) -> Uuid {
        for id in ["ada", "joan", "mary"] {
            self.member(id, TeamRole::Contributor, "").await;
        }
        let (issue, _) = self.issue(3).await;
        self.world.level(at("2026-03-01T06:00:00Z"), 6);
        self.prepared(issue.issue_id).await.initiative_id
    }

    /// It is rolled out, and helps.
    pub(super) async fn helps(&self, initiative_id: Uuid) {
        self.hand.advance_to(at(ROLLED_OUT));
        self.roll_out(initiative_id, None).await.unwrap();
        self.world.level(at(ROLLED_OUT), 1);
        self.advance_to(at(JUDGED)).await;
        let state = self.initiative(initiative_id).await.state;
        assert_eq!(state, InitiativeState::Effective);
    }

    async fn hear_group_of(&self, reporters: i32, released_at: &str) {
        let mut group = group("cancelled_service", reporters);
        if let Some(group) = &mut group.report_group {
            group.released_at = Some(timestamp(at(released_at)));
        }
        self.hear_group(&group).await.unwrap();
    }
}

#[tokio::test]
async fn those_who_chose_to_be_named_and_the_employees_who_reported_it_are_thanked_when_it_helped() {
    let platform = Platform::start().await;
    let id = platform.with_ideas().await;
    platform.hear_group_of(10, "2026-03-03T00:00:00Z").await;
    platform.credit(id, "mary").await.unwrap();
    let named = platform.credit(id, "ada").await.unwrap();
    assert_eq!(ids(&named), ["ada", "mary"]);
    assert!(platform.recognitions().await.is_empty(), "nothing is proven yet");

    platform.helps(id).await;
    let [thanks] = platform.recognitions().await.try_into().unwrap();
    assert_eq!(ids(&thanks.members), ["ada", "mary"]);
    assert_eq!(
        (
            thanks.thanks.employees,
            thanks.thanks.iteration,
            thanks.initiative_title.as_str()
        ),
        (10, 1, "Rebook by itself")
    );
    assert_eq!(thanks.verdict.decision, Decision::Effective);
    assert!(thanks.overturned_by().is_none());
    let told = platform.told_of::<pb::RecognitionGiven>().await;
    assert_eq!((told.len(), told[0].employees), (1, 10));
    assert_eq!(
        platform.visible().await.len(),
        2,
        "it stands in the list and on the board"
    );
}

#[tokio::test]
async fn a_verdict_that_did_not_help_thanks_nobody() {
    let platform = Platform::start().await;
    let id = platform.with_ideas().await;
    platform.credit(id, "ada").await.unwrap();
    platform.hand.advance_to(at(ROLLED_OUT));
    platform.roll_out(id, None).await.unwrap();
    platform.advance_to(at(JUDGED)).await;
    assert_eq!(platform.initiative(id).await.current.number, 2);
    assert!(platform.recognitions().await.is_empty());
    assert!(platform.told_of::<pb::RecognitionGiven>().await.is_empty());
}

#[tokio::test]
async fn a_recognition_whose_verdict_is_restated_says_so_and_stands_again_when_that_is() {
    let platform = Platform::start().await;
    let id = platform.with_ideas().await;
    platform.credit(id, "ada").await.unwrap();
    platform.hand.advance_to(at(ROLLED_OUT));
    platform.roll_out(id, None).await.unwrap();
    platform.world.level(at(ROLLED_OUT), 1);
    let look_at = platform
        .initiative(id)
        .await
        .measured()
        .unwrap()
        .next_look()
        .unwrap()
        .1;
    platform.hand.advance_to(look_at);
    let evaluated = evaluation::evaluate(&platform.db, &*platform.world, &platform.tenant, id).await;
    let (look, mut judgement) = evaluated.unwrap().unwrap();
    let mut tx = platform.db.system(&platform.tenant).await.unwrap();
    evaluation::conclude(&mut tx, &look, &judgement).await.unwrap();
    tx.commit().await.unwrap();
    assert!(platform.recognitions().await[0].overturned_by().is_none());

    for (decision, stands) in [(Decision::Inconclusive, false), (Decision::Effective, true)] {
        judgement.verdict.decision = decision;
        let mut tx = platform.db.system(&platform.tenant).await.unwrap();
        store::verdict::append(&mut tx, id, 1, &judgement).await.unwrap();
        tx.commit().await.unwrap();
        let [thanks] = platform.recognitions().await.try_into().unwrap();
        assert_eq!(thanks.overturned_by().is_none(), stands);
        assert_eq!(
            (thanks.verdict.decision, thanks.thanks.statement),
            (Decision::Effective, 1),
            "what it rested on stays"
        );
        let shown = convert::recognition::to_proto(thanks);
        assert_eq!(shown.state() == pb::RecognitionState::Stands, stands);
        assert_eq!(shown.restated_verdict.is_none(), stands);
    }
}

#[tokio::test]
async fn a_name_that_is_taken_back_is_gone_and_one_that_comes_later_joins() {
    let platform = Platform::start().await;
    let id = platform.with_ideas().await;
    platform.credit(id, "ada").await.unwrap();
    platform.helps(id).await;
    assert!(platform.withdraw(id, "ada").await.is_empty());
    assert!(platform.recognitions().await.is_empty(), "it goes to nobody");
    platform.credit(id, "joan").await.unwrap();
    let [thanks] = platform.recognitions().await.try_into().unwrap();
    assert_eq!(ids(&thanks.members), ["joan"]);
    platform.remove_member("joan").await.unwrap();
    assert!(platform.visible().await.is_empty());
    assert!(
        platform.withdraw(id, "nobody").await.is_empty(),
        "there is nothing to take back"
    );
}

#[tokio::test]
async fn below_the_floor_nothing_tells_that_there_was_anybody() {
    let silent = Platform::start().await;
    let id = silent.with_ideas().await;
    silent.helps(id).await;

    let four = Platform::start().await;
    let id = four.with_ideas().await;
    let refused = four.hear_group(&group("cancelled_service", 4)).await;
    assert!(refused.is_err(), "the floor holds here too");
    four.helps(id).await;
    assert_eq!(four.visible().await, silent.visible().await);
    assert!(four.visible().await.is_empty());
}

#[tokio::test]
async fn no_two_answers_differ_by_what_a_few_employees_did() {
    let platform = Platform::start().await;
    let id = platform.with_ideas().await;
    platform.credit(id, "ada").await.unwrap();
    platform.hear_group_of(5, "2026-03-03T00:00:00Z").await;
    platform.helps(id).await;
    let before = platform.visible().await;
    assert!(before.iter().all(|thanks| thanks.employees == 5));
    // Who reports after it is with the customers is not behind it, and joins another issue.
    platform.hear_group_of(5, "2026-04-10T00:00:00Z").await;
    assert_eq!(platform.visible().await, before);
    // Names come and go by themselves; the number of those without one stays.
    platform.credit(id, "mary").await.unwrap();
    platform.withdraw(id, "ada").await;
    let after = platform.visible().await;
    assert!(
        after
            .iter()
            .all(|thanks| thanks.employees == 5 && thanks.members.len() == 1)
    );
    let mut tx = platform.db.system(&platform.tenant).await.unwrap();
    for smaller in [4, 6] {
        let query = sqlx::AssertSqlSafe(format!(
            "UPDATE improvement.recognition SET employees = {smaller}"
        ));
        let point = tx.savepoint().await.unwrap();
        let refused = sqlx::query(query).execute(&mut *tx).await.unwrap_err();
        tx.roll_back_to(point).await.unwrap();
        assert!(
            refused.to_string().contains("recognition_employees_check"),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn a_group_that_came_while_it_was_being_measured_is_not_behind_it() {
    let platform = Platform::start().await;
    let id = platform.with_ideas().await;
    platform.hear_group_of(5, "2026-03-03T00:00:00Z").await;
    platform.hear_group_of(10, "2026-03-12T06:00:00.000001Z").await;
    platform.helps(id).await;
    assert_eq!(platform.recognitions().await[0].thanks.employees, 5);
}

#[tokio::test]
async fn those_who_reported_an_issue_that_was_merged_are_thanked_with_the_one_that_went_on() {
    let platform = Platform::start().await;
    platform.hear_group(&group("confusing_form", 5)).await.unwrap();
    let merged_id = platform.issues().await[0].issue_id;
    let id = platform.with_ideas().await;
    let survivor_id = platform.initiative(id).await.issue_id;
    let merge = Merge {
        survivor_id,
        merged_id,
        statement: Statement {
            by: "Ada".to_owned(),
            reason: "the same form".to_owned(),
        },
        key: once("MergeIssues"),
    };
    merge::merge(&platform.db, &platform.tenant, merge).await.unwrap();
    platform.helps(id).await;
    assert_eq!(platform.recognitions().await[0].thanks.employees, 5);
}

#[tokio::test]
async fn only_members_are_named_and_twenty_at_most() {
    let platform = Platform::start().await;
    let id = platform.with_ideas().await;
    assert!(matches!(
        platform.credit(id, "nobody").await,
        Err(Error::NoMember(_))
    ));
    assert!(matches!(
        platform.credit(Uuid::now_v7(), "ada").await,
        Err(Error::NoInitiative(_))
    ));
    for number in 0..20 {
        let member = format!("member {number}");
        platform.member(&member, TeamRole::Contributor, "").await;
        platform.credit(id, &member).await.unwrap();
    }
    assert!(matches!(
        platform.credit(id, "ada").await,
        Err(Error::TooManyCredited(20))
    ));
    let again = platform.credit(id, "member 3").await.unwrap();
    assert_eq!(again.len(), 20, "once, however often it is said");
}
