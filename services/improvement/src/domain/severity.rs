//! How bad an issue is for one person whom it hits.

use attune_stats::metric::{ConfidenceLevel, wilson};
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use uuid::Uuid;

use super::priority::{FELT_DAYS, felt};
use super::{Input, Issue, IssueState, Mentions, Statement, WrongState};

/// The rule, as records name it. Other limits are another version.
const RULE: &str = "severity/1";
/// From so large a part of negative mentions on it costs people effort.
const MODERATE_FROM: f64 = 0.4;
/// From so large a part of negative mentions on people cannot do what they came for.
const MAJOR_FROM: f64 = 0.75;

/// How bad it is, each level worse than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Severity {
    /// An annoyance.
    Minor,
    /// It costs effort or a second contact.
    Moderate,
    /// People cannot do what they came for.
    Major,
    /// It harms them: safety, money, rights, personal data. Only people say so.
    Critical,
}

impl Severity {
    /// The name for programs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Minor => "minor",
            Self::Moderate => "moderate",
            Self::Major => "major",
            Self::Critical => "critical",
        }
    }
}

/// What the rule says of an issue.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ruling {
    /// `None` where too little is known.
    pub(crate) severity: Option<Severity>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) explanation: String,
}

impl Ruling {
    /// By the smallest part of negative mentions that what was heard allows for: the lower end of its Wilson interval at
    /// 95 %. It never says that an issue is critical: feelings cannot tell harm from anger.
    pub(crate) fn of(issue: &Issue, mentions: Mentions) -> Self {
        if issue.topic_id.is_empty() {
            let unknown = "The issue names no topic, so how people feel about it is not known";
            return Self::unknown(Vec::new(), unknown);
        }
        let mut inputs = felt(issue, mentions);
        let [judged, negative] =
            [mentions.judged, mentions.negative].map(|count| u64::try_from(count).unwrap_or_default());
        if judged == 0 {
            let unknown = format!("Of no mention in the last {FELT_DAYS} days it is known how people feel");
            return Self::unknown(inputs, &unknown);
        }
        let (least, _) = wilson(negative.min(judged), judged, ConfidenceLevel::P95);
        inputs.push(Input {
            name: "least negative share".to_owned(),
            value: least,
            source: "the lower end of the Wilson interval at 95 %".to_owned(),
        });
        let severity = Self::at(least);
        let explanation = format!(
            "Of {judged} mentions in the last {FELT_DAYS} days {negative} are negative; the 95 % interval of that share \
             begins at {} %. That is {} ({RULE}: moderate from {} %, major from {} %).",
            percent(least),
            severity.as_str(),
            percent(MODERATE_FROM),
            percent(MAJOR_FROM)
        );
        Self {
            severity: Some(severity),
            inputs,
            explanation,
        }
    }

    /// What so large a part of negative mentions stands for.
    fn at(least: f64) -> Severity {
        if least >= MAJOR_FROM {
            Severity::Major
        } else if least >= MODERATE_FROM {
            Severity::Moderate
        } else {
            Severity::Minor
        }
    }

    fn unknown(inputs: Vec<Input>, why: &str) -> Self {
        Self {
            severity: None,
            inputs,
            explanation: format!("{why}; its severity is not assessed ({RULE})."),
        }
    }
}

/// A part in percent, rounded down: no sentence says more than the rule saw.
fn percent(part: f64) -> f64 {
    (part * 1000.0).floor() / 10.0
}

/// That the severity of an issue was assessed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SeverityAssessment {
    pub(crate) severity_assessment_id: Uuid,
    pub(crate) issue_id: Uuid,
    /// What holds from then on.
    pub(crate) severity: Option<Severity>,
    /// Whether that is what a person said.
    pub(crate) by_person: bool,
    /// Who spoke; empty where the rule moved.
    pub(crate) said_by: String,
    pub(crate) reason: String,
    /// What the rule says.
    pub(crate) severity_by_rule: Option<Severity>,
    pub(crate) rule: String,
    pub(crate) inputs: Json<Vec<Input>>,
    pub(crate) explanation: String,
    pub(crate) assessed_at: DateTime<Utc>,
}

impl Issue {
    /// Takes in what the rule says, beneath which a person's word stands as it is. Answers what is to be recorded: the first
    /// ruling, and each of another level.
    pub(crate) fn rule_severity(
        &mut self,
        severity_assessment_id: Uuid,
        ruling: Ruling,
        at: DateTime<Utc>,
    ) -> Option<SeverityAssessment> {
        let recorded = self.severity_assessed_at.is_some() && self.severity == ruling.severity;
        if self.severity_by_person || recorded {
            return None;
        }
        self.severity = ruling.severity;
        self.severity_assessed_at = Some(at);
        let nobody = Statement {
            by: String::new(),
            reason: String::new(),
        };
        Some(self.assessment(severity_assessment_id, nobody, ruling, at))
    }

    /// Takes in what a person said: `None` gives it back to the rule. Answers what is to be recorded.
    pub(crate) fn assess_severity(
        &mut self,
        severity_assessment_id: Uuid,
        (said, statement): (Option<Severity>, Statement),
        ruling: Ruling,
        at: DateTime<Utc>,
    ) -> SeverityAssessment {
        self.severity = said.or(ruling.severity);
        self.severity_by_person = said.is_some();
        self.severity_assessed_at = Some(at);
        self.version += 1;
        self.assessment(severity_assessment_id, statement, ruling, at)
    }

    fn assessment(
        &self,
        severity_assessment_id: Uuid,
        statement: Statement,
        ruling: Ruling,
        assessed_at: DateTime<Utc>,
    ) -> SeverityAssessment {
        SeverityAssessment {
            severity_assessment_id,
            issue_id: self.issue_id,
            severity: self.severity,
            by_person: self.severity_by_person,
            said_by: statement.by,
            reason: statement.reason,
            severity_by_rule: ruling.severity,
            rule: RULE.to_owned(),
            inputs: Json(ruling.inputs),
            explanation: ruling.explanation,
            assessed_at,
        }
    }

    /// Refuses to assess an issue that is over: what it was is history.
    pub(crate) fn check_assesses(&self) -> Result<(), WrongState> {
        let refused = match self.state {
            IssueState::Resolved => "the issue is resolved; report a new one if the problem came back",
            IssueState::Merged => "the issue was merged into another; assess that one",
            IssueState::Open | IssueState::InWork => return Ok(()),
        };
        Err(WrongState::new(self.state.as_str(), refused))
    }
}

#[cfg(test)]
mod tests;
