//! Every RPC's bad input is refused with all that is wrong with it.

mod issues;
mod traces;

use attune_api::improvement::v1 as pb;
use attune_rpc::{Code, Error, Reason};
use prost_types::{FieldMask, Timestamp};
use tonic::Status;
use tonic_types::StatusExt as _;

use crate::convert::{action, goal, initiative, pilot, telling, verdict};

const ID: &str = "0198c5d2-7a3e-7c41-9f0a-4b1d2c3e4f50";

/// The fields that are wrong.
pub(super) fn wrong<T: std::fmt::Debug>(parsed: Result<T, Error>) -> Vec<String> {
    let error = parsed.unwrap_err();
    assert_eq!(
        (error.code(), error.reason()),
        (Code::InvalidArgument, Reason::InvalidFields)
    );
    let status = Status::from(error);
    let details = status.get_error_details();
    let mut fields: Vec<_> = details
        .bad_request()
        .unwrap()
        .field_violations
        .iter()
        .map(|v| v.field.clone())
        .collect();
    fields.sort();
    fields
}

pub(super) fn valid_initiative() -> pb::Initiative {
    pb::Initiative {
        initiative_id: ID.to_owned(),
        issue_id: ID.to_owned(),
        title: "Rebook".to_owned(),
        hypothesis: "If we rebook, then fewer complain".to_owned(),
        owner: "Ada".to_owned(),
        departments: vec![pb::Department {
            name: "Service".to_owned(),
            email: "s@example.com".to_owned(),
        }],
        target: Some(pb::Target {
            metric: "topic_share".to_owned(),
            smallest_relative_effect: 0.3,
            deadline_days: 28,
        }),
        ..Default::default()
    }
}

#[test]
fn an_initiative_says_what_why_who_and_how_much() {
    let request = pb::CreateInitiativeRequest {
        initiative: Some(pb::Initiative::default()),
        change: "x".repeat(2001),
        ..Default::default()
    };
    assert_eq!(
        wrong(initiative::create(&request, "ada")),
        [
            "change",
            "initiative.hypothesis",
            "initiative.issue_id",
            "initiative.owner",
            "initiative.target",
            "initiative.title"
        ]
    );
    let departments = vec![
        pb::Department {
            name: String::new(),
            email: "nobody".to_owned(),
        },
        pb::Department {
            name: "x".repeat(101),
            email: "a@b.c\r\nbcc: d@e.f".to_owned(),
        },
    ];
    let request = pb::CreateInitiativeRequest {
        initiative: Some(pb::Initiative {
            departments,
            ..valid_initiative()
        }),
        ..Default::default()
    };
    assert_eq!(
        wrong(initiative::create(&request, "ada")),
        [
            "initiative.departments[0].email",
            "initiative.departments[0].name",
            "initiative.departments[1].email",
            "initiative.departments[1].name"
        ]
    );
    let departments = vec![valid_initiative().departments[0].clone(); 21];
    let initiative = Some(pb::Initiative {
        departments,
        ..valid_initiative()
    });
    let request = pb::CreateInitiativeRequest {
        initiative,
        ..Default::default()
    };
    assert_eq!(
        wrong(initiative::create(&request, "ada")),
        ["initiative.departments"]
    );
}

#[test]
fn a_target_is_a_known_metric_a_share_and_a_time() {
    for effect in [f64::NAN, f64::INFINITY, -0.3, 0.0, 1.01] {
        let target = pb::Target {
            metric: "smiles".to_owned(),
            smallest_relative_effect: effect,
            deadline_days: 366,
        };
        let initiative = Some(pb::Initiative {
            target: Some(target),
            ..valid_initiative()
        });
        let request = pb::CreateInitiativeRequest {
            initiative,
            ..Default::default()
        };
        assert_eq!(
            wrong(initiative::create(&request, "ada")),
            [
                "initiative.target.deadline_days",
                "initiative.target.metric",
                "initiative.target.smallest_relative_effect"
            ],
            "{effect}"
        );
    }
}

#[test]
fn a_target_that_is_no_share_of_what_customers_say_is_refused_with_the_reason() {
    for (metric, why) in [
        ("nps", "a verdict on a rollout judges shares"),
        ("ces", "which a pilot judges"),
        ("first_contact_resolution", "no rise can be dated to the rollout"),
        ("response_rate", "not about who is asked"),
    ] {
        let mut wanted = valid_initiative();
        wanted.target.as_mut().unwrap().metric = metric.to_owned();
        let request = pb::CreateInitiativeRequest {
            initiative: Some(wanted),
            request_id: ID.to_owned(),
            ..Default::default()
        };
        let refused = Status::from(initiative::create(&request, "ada").unwrap_err());
        let details = refused.get_error_details();
        let [violation] = &details.bad_request().unwrap().field_violations[..] else {
            panic!("{metric}: {details:?}");
        };
        assert_eq!(violation.field, "initiative.target.metric");
        assert!(
            violation.description.contains(why) && violation.description.contains("; take topic_share"),
            "{metric}: {}",
            violation.description
        );
    }
}

#[test]
fn an_update_looks_at_the_fields_of_its_mask_only() {
    let update = |initiative: pb::Initiative, paths: &[&str]| {
        initiative::update(&pb::UpdateInitiativeRequest {
            initiative: Some(initiative),
            update_mask: Some(FieldMask {
                paths: paths.iter().map(ToString::to_string).collect(),
            }),
            request_id: String::new(),
        })
    };
    let broken = pb::Initiative {
        title: String::new(),
        owner: String::new(),
        ..valid_initiative()
    };
    assert_eq!(wrong(update(broken.clone(), &["title"])), ["initiative.title"]);
    assert_eq!(
        wrong(update(broken.clone(), &["*"])),
        ["initiative.owner", "initiative.title"]
    );
    assert_eq!(wrong(update(broken.clone(), &["state"])), ["update_mask"]);
    let change = update(broken, &[]).unwrap().change;
    assert!(change.title.is_none() && change.hypothesis.is_some() && change.target.is_some());
    let cleared = update(
        pb::Initiative {
            departments: vec![],
            ..valid_initiative()
        },
        &["departments"],
    );
    assert_eq!(cleared.unwrap().change.departments, Some(Vec::new()));
    let nobody = pb::Initiative {
        initiative_id: "me".to_owned(),
        ..valid_initiative()
    };
    assert_eq!(wrong(update(nobody, &["title"])), ["initiative.initiative_id"]);
    assert_eq!(
        wrong(initiative::update(&pb::UpdateInitiativeRequest::default())),
        ["initiative"]
    );
}

#[test]
fn an_action_says_what_and_who_and_is_due_in_a_year_that_exists() {
    for seconds in [-62_135_596_800, 253_402_300_799] {
        let due_at = Some(Timestamp { seconds, nanos: 0 });
        let action = Some(pb::Action {
            due_at,
            ..Default::default()
        });
        let request = pb::AddActionRequest {
            action,
            ..Default::default()
        };
        assert_eq!(
            wrong(action::add(&request)),
            ["action.due_at", "action.owner", "action.title", "initiative_id"]
        );
    }
    assert_eq!(
        wrong(action::add(&pb::AddActionRequest::default())),
        ["action", "initiative_id"]
    );
    let request = pb::CompleteActionRequest {
        evidence: "x".repeat(5_000_000),
        ..Default::default()
    };
    assert_eq!(
        wrong(action::complete(&request, "ada")),
        ["action_id", "evidence", "initiative_id"]
    );
}

#[test]
fn a_rollout_and_a_stop_name_what_they_are_about() {
    let request = pb::RollOutInitiativeRequest {
        initiative_id: String::new(),
        change: "a\u{7}".to_owned(),
        template_id: "welcome".to_owned(),
        request_id: "x".to_owned(),
        pilot_override: None,
    };
    assert_eq!(
        wrong(initiative::roll_out(&request, "ada")),
        ["change", "initiative_id", "request_id", "template_id"]
    );
    let request = pb::StopInitiativeRequest {
        reason: "  ".to_owned(),
        ..Default::default()
    };
    assert_eq!(
        wrong(initiative::stop(&request, "ada")),
        ["initiative_id", "reason"]
    );
}

#[test]
fn lists_and_reads_of_initiatives_are_checked() {
    let get = pb::GetInitiativeRequest {
        initiative_id: "1".repeat(36),
    };
    assert_eq!(wrong(initiative::get(&get)), ["initiative_id"]);
    let list = pb::ListInitiativesRequest {
        issue_id: "all".to_owned(),
        page_size: -5,
        ..Default::default()
    };
    assert_eq!(wrong(initiative::list(&list)), ["issue_id", "page_size"]);
    let verdicts = pb::ListVerdictsRequest {
        page_size: -1,
        ..Default::default()
    };
    assert_eq!(
        wrong(verdict::list(&verdicts)),
        ["initiative_id", "iteration", "page_size"]
    );
    let tellings = pb::ListTellingsRequest {
        iteration: -1,
        state: 17,
        page_size: -1,
        ..Default::default()
    };
    assert_eq!(
        wrong(telling::list(&tellings)),
        ["initiative_id", "iteration", "page_size", "state"]
    );
}

#[test]
fn contacts_make_a_goal_without_a_topic_and_no_pilot() {
    let resolution = || "first_contact_resolution".to_owned();
    let slice = pb::FeedbackSlice {
        topic_id: "delay".to_owned(),
        ..Default::default()
    };
    let request = pb::CreateGoalRequest {
        goal: Some(pb::Goal {
            metric: resolution(),
            slice: Some(slice),
            ..Default::default()
        }),
        ..Default::default()
    };
    let fields = wrong(goal::create(&request));
    assert!(fields.contains(&"goal.slice.topic_id".to_owned()), "{fields:?}");
    assert!(!fields.contains(&"goal.metric".to_owned()), "{fields:?}");
    let request = pb::CreatePilotRequest {
        pilot: Some(pb::Pilot {
            metric: Some(pb::PilotMetric {
                metric: resolution(),
                slice: None,
            }),
            ..Default::default()
        }),
        ..Default::default()
    };
    let fields = wrong(pilot::create(&request));
    assert!(fields.contains(&"pilot.metric.metric".to_owned()), "{fields:?}");
}
