//! Events that ask a survey: a ticket closed, a stage reached; once, whatever is told again.

use attune_api::interactions::v1 as interactions;
use attune_events::{Consumer as _, Event};
use attune_rpc::timestamp;
use interactions::{Direction, Interaction, InteractionClosed, InteractionRecorded, JourneyStage};
use prost::Name;

use super::survey::{definition, free};
use super::*;
use crate::commands::invitation;
use crate::domain::invitation::{Invitation, InvitationState};
use crate::domain::survey::{Definition, Occurrence, Trigger};
use crate::events::Triggers;
use crate::store::invitation::Filter;

const MORNING: &str = "2026-03-02T08:00:00Z";

fn asked_on(triggers: Vec<Trigger>) -> Definition {
    Definition {
        triggers,
        ..definition(free())
    }
}

fn on(on: Occurrence, delay_minutes: i32) -> Trigger {
    Trigger {
        on,
        delay_minutes,
        ..Trigger::default()
    }
}

fn ticket(person: Uuid) -> Interaction {
    Interaction {
        interaction_id: Uuid::now_v7().to_string(),
        profile_id: person.to_string(),
        channel: "phone".into(),
        direction: Direction::Inbound.into(),
        touchpoint: "support.call".into(),
        agent_id: "7".into(),
        occurred_at: Some(timestamp(instant(MORNING) - TimeDelta::hours(2))),
        ..Interaction::default()
    }
}

fn event<P: Message + Name>(payload: &P) -> Event {
    Event {
        position: 1,
        id: Uuid::now_v7(),
        source: "interactions".into(),
        type_name: P::full_name(),
        subject: Uuid::now_v7(),
        subject_version: 1,
        tenant: TenantId::parse("acme").unwrap(),
        time: instant(MORNING),
        trace_context: None,
        data: payload.encode_to_vec().into(),
    }
}

fn recorded(interaction: &Interaction) -> Event {
    event(&InteractionRecorded {
        interaction: Some(interaction.clone()),
    })
}

fn closed(interaction: &Interaction, outcome: &str) -> Event {
    event(&InteractionClosed {
        interaction: Some(Interaction {
            outcome: outcome.into(),
            closed_at: Some(timestamp(instant(MORNING))),
            ..interaction.clone()
        }),
    })
}

impl Bench {
    /// Hears events as the subscription does.
    async fn hear(&self, events: &[Event]) {
        let mut tx = self.db.system(&self.tenant).await.unwrap();
        Triggers.handle_batch(&mut tx, events).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn occasions(&self, person: Uuid) -> Vec<Invitation> {
        let filter = Filter {
            profile_id: Some(person),
            survey_id: None,
        };
        let mut tx = self.db.read(&self.tenant).await.unwrap();
        let found = crate::store::invitation::page(&mut tx, filter, None, 100)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        found
    }

    /// In how many minutes the one timer of an invitation is due.
    async fn due_in(&self) -> i64 {
        let due: DateTime<Utc> =
            sqlx::query_scalar("SELECT due_at FROM feedback.timer WHERE tenant_id = $1 AND kind = $2")
                .bind(self.tenant.as_str())
                .bind(crate::timers::invite::KIND)
                .fetch_one(&self.admin)
                .await
                .unwrap();
        (due - instant(MORNING)).num_minutes()
    }
}

#[tokio::test]
async fn a_closed_ticket_asks_once_after_its_delay_and_tells_why() {
    let bench = Bench::at(MORNING).await;
    let triggers = vec![
        on(Occurrence::StageReached, 5),
        Trigger {
            condition: r#"interaction.outcome != "spam""#.to_owned(),
            ..on(Occurrence::Closed, 30)
        },
    ];
    let survey = bench
        .published_as("After a ticket", asked_on(triggers.clone()))
        .await;
    let person = Uuid::now_v7();
    let opened = ticket(person);
    bench.hear(&[recorded(&opened)]).await;
    assert!(bench.occasions(person).await.is_empty(), "the ticket is open");
    bench.hear(&[closed(&ticket(person), "spam")]).await;
    assert!(
        bench.occasions(person).await.is_empty(),
        "its condition does not hold"
    );

    let event = closed(&opened, "resolved");
    bench.hear(std::slice::from_ref(&event)).await;
    bench.hear(&[event.clone(), event.clone()]).await;
    let occasions = bench.occasions(person).await;
    let [occasion] = occasions.as_slice() else {
        panic!("{occasions:?}");
    };
    assert_eq!(
        (
            occasion.state,
            occasion.agent_id.as_str(),
            occasion.occasion.as_str()
        ),
        (InvitationState::Scheduled, "7", opened.interaction_id.as_str())
    );
    assert_eq!(bench.due_in().await, 30);

    bench.decide(occasion.invitation_id).await;
    let explained = invitation::explain(&bench.db, &bench.tenant, occasion.invitation_id)
        .await
        .unwrap();
    let (cause, trigger) = explained.cause.unwrap();
    assert_eq!(
        (cause.event_id, cause.event_type.as_str(), cause.event_time),
        (
            event.id,
            "attune.interactions.v1.InteractionClosed",
            instant(MORNING)
        )
    );
    assert_eq!((cause.survey_version, cause.trigger), (survey.number, 1));
    assert_eq!(trigger.as_ref(), triggers.get(1));
    assert_eq!(explained.invitation.decision.unwrap().rule, "eligibility-2");
}

#[tokio::test]
async fn a_batch_that_was_not_committed_is_heard_anew_as_if_for_the_first_time() {
    let bench = Bench::at(MORNING).await;
    let triggers = vec![on(Occurrence::StageReached, 0), on(Occurrence::Closed, 0)];
    bench.published_as("After a ticket", asked_on(triggers)).await;
    let (mover, closer) = (Uuid::now_v7(), Uuid::now_v7());
    let mut loyal = ticket(mover);
    loyal.stage = JourneyStage::Loyalty.into();
    let events = [recorded(&loyal), closed(&ticket(closer), "resolved")];
    // Killed after its last statement.
    let mut tx = bench.db.system(&bench.tenant).await.unwrap();
    Triggers.handle_batch(&mut tx, &events).await.unwrap();
    drop(tx);
    for person in [mover, closer] {
        assert!(bench.occasions(person).await.is_empty());
    }
    bench.hear(&events).await;
    bench.hear(&events).await;
    for person in [mover, closer] {
        assert_eq!(bench.occasions(person).await.len(), 1);
    }
}

#[tokio::test]
async fn a_stage_asks_when_it_is_reached_and_not_while_it_lasts() {
    let bench = Bench::at(MORNING).await;
    let reached = Trigger {
        stages: vec![JourneyStage::Loyalty.as_str_name().to_owned()],
        condition: r#"previous_stage == "JOURNEY_STAGE_RETENTION""#.to_owned(),
        ..on(Occurrence::StageReached, 60)
    };
    bench
        .published_as("Welcome to the club", asked_on(vec![reached]))
        .await;
    let (climber, newcomer) = (Uuid::now_v7(), Uuid::now_v7());
    let at = |person: Uuid, stage: JourneyStage, hours: i64| {
        recorded(&Interaction {
            stage: stage.into(),
            occurred_at: Some(timestamp(instant(MORNING) - TimeDelta::hours(hours))),
            ..ticket(person)
        })
    };
    // History tells where people are and asks nobody.
    bench.hear(&[at(climber, JourneyStage::Retention, 24 * 30)]).await;
    let steps = [
        at(climber, JourneyStage::Retention, 9),
        at(climber, JourneyStage::Loyalty, 8),
        at(newcomer, JourneyStage::Loyalty, 8),
        at(climber, JourneyStage::Loyalty, 7),
    ];
    bench.hear(&steps).await;
    bench
        .hear(&[
            at(climber, JourneyStage::Loyalty, 6),
            at(climber, JourneyStage::Retention, 10),
        ])
        .await;
    let occasions = bench.occasions(climber).await;
    assert_eq!(occasions.len(), 1, "one step, told by the second event");
    assert_eq!(
        occasions[0].stage, "JOURNEY_STAGE_LOYALTY",
        "the answer is given there"
    );
    let cause = occasions[0].cause.clone().unwrap();
    assert_eq!(cause.event_id, steps[1].id);
    assert!(
        bench.occasions(newcomer).await.is_empty(),
        "it is not known that they came from retention"
    );
    let stages = bench
        .number("SELECT count(*) FROM feedback.person_stage WHERE tenant_id = $1")
        .await;
    assert_eq!(stages, 2);
}

#[tokio::test]
async fn what_happened_long_before_it_was_told_asks_nobody() {
    let bench = Bench::at(MORNING).await;
    let triggers = vec![on(Occurrence::Recorded, 0), on(Occurrence::Closed, 0)];
    bench.published_as("After a contact", asked_on(triggers)).await;
    let person = Uuid::now_v7();
    let old = Interaction {
        occurred_at: Some(timestamp(instant(MORNING) - TimeDelta::days(4))),
        ..ticket(person)
    };
    bench.hear(&[recorded(&old)]).await;
    assert!(bench.occasions(person).await.is_empty());
    // It was opened long ago, and is closed now.
    bench.hear(&[closed(&old, "resolved")]).await;
    assert_eq!(bench.occasions(person).await.len(), 1);
    let mut forgotten = closed(&ticket(person), "resolved");
    forgotten.time = instant(MORNING) + TimeDelta::days(4);
    bench.hear(&[forgotten]).await;
    assert_eq!(bench.occasions(person).await.len(), 1);
}

#[tokio::test]
async fn a_tenants_events_ask_its_own_surveys_alone() {
    let bench = Bench::at(MORNING).await;
    bench
        .published_as("After a ticket", asked_on(vec![on(Occurrence::Closed, 0)]))
        .await;
    let other = TenantId::parse("globex").unwrap();
    let mut tx = bench.db.system(&other).await.unwrap();
    let events = [closed(&ticket(Uuid::now_v7()), "resolved")];
    Triggers.handle_batch(&mut tx, &events).await.unwrap();
    tx.commit().await.unwrap();
    let made: i64 = sqlx::query_scalar("SELECT count(*) FROM feedback.invitation")
        .fetch_one(&bench.admin)
        .await
        .unwrap();
    assert_eq!(made, 0);
}
