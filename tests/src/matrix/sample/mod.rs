//! How a valid value of each field looks.

mod improving;
mod listening;

use prost_reflect::FieldDescriptor;

use super::SUBSCRIPTION;

/// A valid value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sample {
    /// The server decides it and ignores what a request says.
    Output,
    /// May be left out, and is.
    Absent,
    /// A message whose fields have samples of their own; a list of one of them.
    Inside,
    /// The id of something the tenant has, by its name in the world.
    Known(&'static str),
    /// A text in which the tenant's marker stands for `{}`.
    Text(&'static str),
    /// A text in which something that was never there before stands for `{}`.
    Unique(&'static str),
    /// A whole number.
    Int(i32),
    /// A number.
    Double(f64),
    /// A value of an enum.
    Choice(i32),
    /// The platform's time plus so many hours.
    Hours(i64),
    /// The paths of a field mask.
    Mask(&'static [&'static str]),
    /// A map with this key; the value holds the tenant's marker.
    Pair(&'static str),
    /// A UUID that was never there before.
    RequestId,
}

use Sample::{Absent, Choice, Hours, Inside, Int, Known, Mask, Output, Pair, RequestId, Text, Unique};

/// By `Request>field` for a field anywhere in one request, by `Message.field`, or by `field` where it means the
/// same everywhere; looked up in this order. No name stands twice, here or in the modules below.
const SAMPLES: &[(&str, Sample)] = &[
    // What one request says otherwise than the others.
    ("UpdateProfileRequest>profile_id", Known("profile_id")),
    ("UpdateProfileRequest>update_mask", Mask(&["*"])),
    ("UpdateInitiativeRequest>initiative_id", Known("initiative_id")),
    ("UpdateInitiativeRequest>issue_id", Output),
    ("UpdateInitiativeRequest>update_mask", Mask(&["*"])),
    ("CreateInitiativeRequest>etag", Output),
    ("CreateInitiativeRequest>product", Text("another {}")),
    ("UpdateInitiativeRequest>product", Text("another {}")),
    ("Comparison.changed", Absent),
    ("CreatePrincipleRequest>etag", Output),
    ("CreatePrincipleRequest>principle_id", Output),
    ("UpdatePrincipleRequest>update_mask", Mask(&["*"])),
    ("CreateGoalRequest>etag", Output),
    ("CreateGoalRequest>goal_id", Output),
    ("UpdateGoalRequest>update_mask", Mask(&["*"])),
    ("UpdateGoalRequest>metric", Output),
    ("UpdateGoalRequest>slice", Output),
    ("UpdateGoalRequest>target", Output),
    ("UpdateGoalRequest>deadline", Output),
    ("UpdateGoalRequest>window_days", Output),
    ("CancelGoalRequest>goal_id", Known("open_goal_id")),
    ("ListGoalsRequest>state", Absent),
    ("CreateProfileRequest>etag", Output),
    ("ResolveProfileRequest>value", Known("email")),
    ("ListTellingsRequest>state", Absent),
    // The feed.
    ("source", Text("feedback")),
    ("after", Absent),
    ("SubscribeRequest.types", Absent),
    ("ReleaseParkedEventsRequest.subscription", Text(SUBSCRIPTION)),
    ("ReleaseParkedEventsRequest.subject", Known("interaction_id")),
    // What the server decides.
    ("Profile.profile_id", Output),
    ("Profile.consents", Output),
    ("Profile.create_time", Output),
    ("Profile.update_time", Output),
    ("Interaction.interaction_id", Output),
    ("Interaction.create_time", Output),
    ("Interaction.closed_at", Absent),
    ("Interaction.matter_id", Text("matter {}")),
    ("Interaction.waited", Absent),
    ("CloseInteractionRequest>closed_at", Absent),
    ("Feedback.feedback_id", Output),
    ("Feedback.understanding", Output),
    ("Feedback.create_time", Output),
    ("Topic.origin", Output),
    ("Survey.survey_id", Output),
    ("Survey.state", Output),
    ("Survey.version", Output),
    ("Survey.published_version", Output),
    ("Survey.create_time", Output),
    ("Survey.update_time", Output),
    ("Template.template_id", Output),
    ("Template.create_time", Output),
    ("Issue.issue_id", Output),
    ("Issue.origin", Output),
    ("Issue.hot_issue_id", Output),
    ("Issue.state", Output),
    ("Issue.opened_at", Output),
    ("Issue.window_start", Output),
    ("Issue.cohort_size", Output),
    ("Issue.cohort_frozen", Output),
    ("Issue.evidence_size", Output),
    ("Issue.quotes", Output),
    ("Issue.widening", Output),
    ("Issue.widened_at", Output),
    ("Issue.p_value", Output),
    ("Issue.closed_at", Output),
    ("Issue.etag", Output),
    ("Issue.priority", Output),
    ("Issue.employee_reporters", Output),
    ("Issue.merged_into_issue_id", Output),
    ("Issue.split_from_issue_id", Output),
    ("Issue.gone_on", Output),
    ("Issue.later", Output),
    ("Issue.severity", Output),
    ("Issue.severity_by_person", Output),
    ("CohortEntry.joined_by_relation_id", Output),
    ("CohortEntry.gone_on_to_issue_id", Output),
    ("CohortEntry.joined_by_extension_id", Output),
    ("Initiative.initiative_id", Output),
    ("Initiative.state", Output),
    ("spent_minor_units", Output),
    ("Initiative.iterations", Output),
    ("Initiative.stopped_reason", Output),
    ("Initiative.create_time", Output),
    ("Principle.create_time", Output),
    ("Goal.state", Output),
    ("Goal.track", Output),
    ("Goal.baseline", Output),
    ("Goal.latest", Output),
    ("Goal.reason", Output),
    ("Goal.closed_at", Output),
    ("Goal.create_time", Output),
    ("Action.action_id", Output),
    ("Action.completed_at", Output),
    ("Action.evidence", Output),
    ("Action.escalation", Output),
    // What every method has.
    ("request_id", RequestId),
    ("page_size", Int(1)),
    ("page_token", Absent),
    ("etag", Absent),
    // Profiles.
    ("display_name", Text("Zara {}")),
    ("language", Text("en")),
    ("time_zone", Text("Europe/Berlin")),
    ("attributes", Pair("tier")),
    ("Identity.kind", Choice(1)),
    ("Identity.system", Absent),
    ("Identity.value", Unique("{}@example.com")),
    ("CreateProfileRequest.consents", Inside),
    ("Consent.channel", Choice(1)),
    ("Consent.purpose", Choice(2)),
    ("Consent.state", Choice(1)),
    ("Consent.source", Text("web.preferences")),
    ("Consent.decided_at", Hours(-1)),
    // Notifications.
    ("Template.name", Unique("template {}")),
    ("Template.purpose", Choice(2)),
    ("TemplateVariant.subject", Text("News about {}")),
    (
        "TemplateVariant.body",
        Text("Dear {{ display_name }}, it is better now, {}"),
    ),
    ("MessageOrigin.kind", Text("crm")),
    ("MessageOrigin.id", Text("order {}")),
    ("MessageOrigin.occasion", Unique("shipped {}")),
    ("variables", Pair("change")),
    ("origin_id", Known("told_initiative_id")),
    ("RecordReadingRequest>source", Text("app inbox of {}")),
    ("read_time", Hours(0)),
    ("ContactBudget.number", Output),
    ("ContactBudget.author", Output),
    ("ContactBudget.create_time", Output),
    ("GetContactBudgetRequest>number", Absent),
    ("most_contacts", Int(50)),
    ("ReserveContactRequest.purpose", Choice(2)),
    // Ids of what there is.
    ("profile_id", Known("profile_id")),
    ("profile_ids", Known("profile_id")),
    ("interaction_id", Known("interaction_id")),
    ("feedback_id", Known("feedback_id")),
    ("feedback_ids", Known("feedback_id")),
    ("topic_id", Known("topic_id")),
    ("hot_issue_id", Known("hot_issue_id")),
    ("correction_id", Known("correction_id")),
    ("theme_id", Known("theme_id")),
    ("recoding_id", Known("recoding_id")),
    ("recovery_case_id", Known("recovery_case_id")),
    ("report_group_id", Known("report_group_id")),
    ("issue_id", Known("issue_id")),
    ("initiative_id", Known("initiative_id")),
    ("principle_id", Known("principle_id")),
    ("principle_ids", Known("principle_id")),
    ("goal_id", Known("goal_id")),
    ("pilot_id", Known("pilot_id")),
    ("action_id", Known("action_id")),
    ("template_id", Known("template_id")),
    ("message_id", Known("message_id")),
    ("contact_id", Known("contact_id")),
    ("survey_id", Known("survey_id")),
    ("invitation_id", Known("invitation_id")),
];

/// How a valid value of `field` looks in the request `root`.
pub fn sample(root: &str, field: &FieldDescriptor) -> Result<Sample, String> {
    let here = format!("{root}>{}", field.name());
    let qualified = format!("{}.{}", field.parent_message().name(), field.name());
    let known = |wanted: &str| {
        [SAMPLES, listening::SAMPLES, improving::SAMPLES]
            .into_iter()
            .flatten()
            .find(|(name, _)| *name == wanted)
            .map(|(_, sample)| *sample)
    };
    known(&here)
        .or_else(|| known(&qualified))
        .or_else(|| known(field.name()))
        .or_else(|| super::path::entered(field).map(|_| Inside))
        .ok_or_else(|| {
            format!(
                "say in tests/src/matrix/sample how a valid value of {} looks",
                field.full_name()
            )
        })
}
