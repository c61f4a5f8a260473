//! How a valid value of each field looks.

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

use Sample::{
    Absent, Choice, Double, Hours, Inside, Int, Known, Mask, Output, Pair, RequestId, Text, Unique,
};

/// By `Request>field` for a field anywhere in one request, by `Message.field`, or by `field` where it means the
/// same everywhere; looked up in this order.
const SAMPLES: &[(&str, Sample)] = &[
    // What one request says otherwise than the others.
    ("UpdateProfileRequest>profile_id", Known("profile_id")),
    ("UpdateProfileRequest>update_mask", Mask(&["*"])),
    ("UpdateInitiativeRequest>initiative_id", Known("initiative_id")),
    ("UpdateInitiativeRequest>issue_id", Output),
    ("UpdateInitiativeRequest>update_mask", Mask(&["*"])),
    ("CreateInitiativeRequest>etag", Output),
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
    // Nobody's in particular: its words are told back to whoever asks.
    ("ExplainSentimentRequest>text", Text("Nobody helped, terrible")),
    ("PromoteThemeRequest>topic_id", Unique("theme-{}")),
    ("PromoteThemeRequest>name", Text("Theme {}")),
    ("ListKeywordsRequest>start", Hours(-48)),
    ("ListKeywordsRequest>end", Hours(0)),
    ("ListKeywordsRequest>limit", Int(20)),
    ("ListThemesRequest>until", Hours(0)),
    ("ListThemesRequest>days", Int(7)),
    ("GetWorkloadRequest>owner", Absent),
    ("ListIssuesRequest>state", Absent),
    ("ListMessagesRequest>state", Absent),
    ("CreateInitiativeRequest>issue_id", Known("free_issue_id")),
    (
        "RollOutInitiativeRequest>initiative_id",
        Known("ready_initiative_id"),
    ),
    ("ListVerdictsRequest>initiative_id", Known("told_initiative_id")),
    ("ListTellingsRequest>initiative_id", Known("told_initiative_id")),
    ("GetTraceRequest>initiative_id", Known("told_initiative_id")),
    ("UpdateSurveyRequest>survey_id", Known("survey_id")),
    ("InviteRequest>profile_id", Known("silent_profile_id")),
    ("GetSurveyRequest>version", Int(1)),
    // Pilots.
    ("Pilot.pilot_id", Output),
    ("Pilot.iteration", Output),
    ("Pilot.state", Output),
    ("Pilot.plan", Output),
    ("Pilot.progress", Output),
    ("Pilot.verdict", Output),
    ("Pilot.stopped_reason", Output),
    ("Pilot.create_time", Output),
    ("Pilot.started_at", Output),
    ("Pilot.deadline", Output),
    ("Pilot.ended_at", Output),
    ("CreatePilotRequest>initiative_id", Known("free_initiative_id")),
    ("StartPilotRequest>pilot_id", Known("planned_pilot_id")),
    ("StopPilotRequest>pilot_id", Known("stoppable_pilot_id")),
    ("smallest_effect", Double(0.01)),
    ("planned_effect", Double(0.1)),
    ("power", Absent),
    ("alpha", Absent),
    ("treated_share", Double(0.5)),
    ("looks", Absent),
    ("strata", Absent),
    ("Pilot.guards", Absent),
    ("PilotMetric.metric", Text("csat")),
    ("tolerated", Double(0.1)),
    ("stratum", Absent),
    ("exposed_at", Hours(0)),
    ("treated", Absent),
    ("pilot_override", Absent),
    ("PilotOverride.by", Text("Ada {}")),
    // The feed.
    ("source", Text("feedback")),
    ("SubscribeRequest.after", Absent),
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
    ("Initiative.initiative_id", Output),
    ("Initiative.state", Output),
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
    // Interactions and feedback.
    ("channel", Text("email")),
    ("direction", Choice(1)),
    ("touchpoint", Text("social.post")),
    ("stage", Choice(4)),
    ("outcome", Text("resolved")),
    ("product", Text("North {}")),
    ("agent_id", Text("agent {}")),
    ("text", Text("My flight was cancelled and nobody helped, {}")),
    ("occurred_at", Hours(-2)),
    ("source_id", Unique("source {}")),
    ("Rating.kind", Choice(1)),
    ("Rating.value", Int(3)),
    ("Topic.topic_id", Unique("topic-{}")),
    ("Topic.name", Text("Topic {}")),
    ("keywords", Text("word {}")),
    ("examples", Text("an example {}")),
    // Surveys.
    ("CreateSurveyRequest>etag", Output),
    ("Survey.name", Unique("survey {}")),
    ("LocalText.language", Text("en")),
    ("LocalText.text", Text("How was it at {}?")),
    ("Question.question_id", Text("score")),
    ("Question.kind", Choice(1)),
    ("Question.required", Absent),
    ("Question.options", Absent),
    ("Question.rows", Absent),
    ("Question.minimum", Absent),
    ("Question.maximum", Absent),
    ("Question.condition", Absent),
    ("QuestionOption.option_id", Text("price")),
    ("InteractionTrigger.touchpoints", Text("store.visit")),
    ("InteractionTrigger.channels", Text("store")),
    ("InteractionTrigger.stages", Choice(4)),
    ("delay_minutes", Int(30)),
    ("SurveyDefinition.template_id", Known("survey_template_id")),
    ("expiry_hours", Int(48)),
    ("reminder_hours", Int(24)),
    ("cool_down_days", Absent),
    ("contact_budget", Absent),
    ("sampling_share", Absent),
    ("daily_quota", Absent),
    ("InviteRequest.occasion", Unique("order {}")),
    ("SurveyAnswer.question_id", Text("score")),
    ("SurveyAnswer.score", Int(4)),
    ("SurveyAnswer.option_id", Text("price")),
    ("OptionChoices.option_ids", Text("price")),
    ("MatrixChoices.option_ids", Pair("row")),
    ("complete", Absent),
    ("QueryMetricRequest.metric", Text("topic_share")),
    ("QueryMetricRequest.start", Hours(-48)),
    ("QueryMetricRequest.end", Hours(0)),
    ("QueryMetricRequest.step", Choice(2)),
    // Improvement.
    ("title", Text("Cancelled without a word, {}")),
    ("description", Text("Nobody was told, {}")),
    ("hypothesis", Text("If we rebook, then fewer complain, {}")),
    ("owner", Text("Ada {}")),
    ("Department.name", Text("Service {}")),
    ("Department.email", Text("service.{}@example.com")),
    ("Target.metric", Text("topic_share")),
    ("smallest_relative_effect", Double(0.3)),
    ("deadline_days", Int(14)),
    ("change", Text("we rebook at once, {}")),
    ("reason", Text("it costs too much, {}")),
    ("evidence", Text("done, {}")),
    ("due_at", Hours(100)),
    ("iteration", Int(1)),
    ("CreateIssueRequest.cohort", Inside),
    ("Principle.name", Unique("Principle {}")),
    ("statement", Text("Nobody asks twice, {}")),
    ("Goal.name", Text("Happier, {}")),
    ("Goal.metric", Text("csat")),
    ("FeedbackSlice.product", Absent),
    ("FeedbackSlice.channel", Absent),
    ("FeedbackSlice.topic_id", Absent),
    ("FeedbackSlice.touchpoint", Absent),
    ("Goal.target", Double(0.9)),
    ("deadline", Hours(24 * 60)),
    ("window_days", Int(28)),
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
    ("issue_id", Known("issue_id")),
    ("initiative_id", Known("initiative_id")),
    ("principle_id", Known("principle_id")),
    ("principle_ids", Known("principle_id")),
    ("goal_id", Known("goal_id")),
    ("pilot_id", Known("pilot_id")),
    ("action_id", Known("action_id")),
    ("template_id", Known("template_id")),
    ("message_id", Known("message_id")),
    ("survey_id", Known("survey_id")),
    ("invitation_id", Known("invitation_id")),
];

/// How a valid value of `field` looks in the request `root`.
pub fn sample(root: &str, field: &FieldDescriptor) -> Result<Sample, String> {
    let here = format!("{root}>{}", field.name());
    let qualified = format!("{}.{}", field.parent_message().name(), field.name());
    let known = |wanted: &str| {
        SAMPLES
            .iter()
            .find(|(name, _)| *name == wanted)
            .map(|(_, sample)| *sample)
    };
    known(&here)
        .or_else(|| known(&qualified))
        .or_else(|| known(field.name()))
        .or_else(|| super::path::entered(field).map(|_| Inside))
        .ok_or_else(|| {
            format!(
                "say in tests/src/matrix/sample.rs how a valid value of {} looks",
                field.full_name()
            )
        })
}
