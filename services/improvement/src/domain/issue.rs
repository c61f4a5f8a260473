//! A problem of customers.

use attune_rpc::Etag;
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use uuid::Uuid;

use super::{Cohort, IssueState, LaterEvidence, Metric, Severity, WrongState};

/// Where an issue came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Origin {
    /// The platform found it.
    Detected,
    /// A person reported it.
    Reported,
    /// Employees reported it.
    Employees,
    /// It was a part of another.
    Split,
}

impl Origin {
    /// The name for programs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Detected => "detected",
            Self::Reported => "reported",
            Self::Employees => "employees",
            Self::Split => "split",
        }
    }
}

/// A stored issue.
#[expect(
    clippy::struct_field_names,
    reason = "the id has the name it has in tables and messages"
)]
#[derive(Clone, Debug)]
pub(crate) struct Issue {
    pub(crate) issue_id: Uuid,
    pub(crate) version: i64,
    /// How many events were told about it.
    pub(crate) events: i64,
    pub(crate) origin: Origin,
    pub(crate) state: IssueState,
    pub(crate) hot_issue_id: Option<Uuid>,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) topic_id: String,
    pub(crate) product: String,
    pub(crate) opened_at: DateTime<Utc>,
    /// When the window began in which it was found; a reported one was found in none.
    pub(crate) window_start: Option<DateTime<Utc>>,
    pub(crate) closed_at: Option<DateTime<Utc>>,
    /// When the volume was back in its usual range by itself.
    pub(crate) subsided_at: Option<DateTime<Utc>>,
    pub(crate) cohort_size: i64,
    pub(crate) cohort_frozen: bool,
    pub(crate) evidence_size: i64,
    pub(crate) quotes: Vec<String>,
    pub(crate) p_value: Option<f64>,
    /// When it became one of all products.
    pub(crate) widened_at: Option<DateTime<Utc>>,
    /// Why it did, or did not though its hot issue did.
    pub(crate) widening: String,
    /// How urgent it is; 0 when it is over. It moves without the version.
    pub(crate) priority: f64,
    /// Employees who reported the same, by groups.
    pub(crate) employee_reporters: i64,
    /// The issue that it became a part of.
    pub(crate) merged_into: Option<Uuid>,
    /// The issue that it was a part of.
    pub(crate) split_from: Option<Uuid>,
    /// How many of the cohort went on to issues split from this one.
    pub(crate) gone_on: i64,
    /// What was said of it since its cohort was fixed, as it was counted last; `None` where it was not yet. It moves without
    /// the version.
    pub(crate) later: Option<Json<LaterEvidence>>,
    /// How bad it is for one whom it hits; of one that is over as it was. By the rule it moves without the version.
    pub(crate) severity: Option<Severity>,
    /// Whether that is what a person said.
    pub(crate) severity_by_person: bool,
    /// When it was recorded; `None` where it was not looked at yet.
    pub(crate) severity_assessed_at: Option<DateTime<Utc>>,
}

/// What the platform found.
#[derive(Clone, Debug)]
pub(crate) struct Detection {
    pub(crate) hot_issue_id: Uuid,
    pub(crate) topic_id: String,
    pub(crate) topic_name: String,
    pub(crate) product: String,
    pub(crate) opened_at: DateTime<Utc>,
    pub(crate) window_start: DateTime<Utc>,
    pub(crate) cohort_size: i64,
    pub(crate) evidence_size: i64,
    pub(crate) quotes: Vec<String>,
    pub(crate) p_value: f64,
}

/// That a hot issue of one product became one of all products.
#[derive(Clone, Debug)]
pub(crate) struct Widening {
    pub(crate) hot_issue_id: Uuid,
    pub(crate) topic_name: String,
    pub(crate) at: DateTime<Utc>,
    /// Why, in sentences, with the rule.
    pub(crate) explanation: String,
}

/// What a person reports.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) topic_id: String,
    pub(crate) product: String,
    pub(crate) cohort: Cohort,
}

const LONGEST_TITLE: usize = 200;

impl Issue {
    /// The issue of a hot issue. Its cohort follows; until it has, it is not frozen.
    pub(crate) fn detected(issue_id: Uuid, detection: Detection) -> Self {
        let name = if detection.topic_name.is_empty() {
            &detection.topic_id
        } else {
            &detection.topic_name
        };
        let title = title(name, &detection.product);
        Self {
            hot_issue_id: Some(detection.hot_issue_id),
            topic_id: detection.topic_id,
            product: detection.product,
            window_start: Some(detection.window_start),
            cohort_size: detection.cohort_size,
            cohort_frozen: false,
            evidence_size: detection.evidence_size,
            quotes: detection.quotes,
            p_value: Some(detection.p_value),
            ..Self::new(issue_id, Origin::Detected, title, detection.opened_at)
        }
    }

    /// The issue of a report, with the cohort that came with it.
    pub(crate) fn reported(issue_id: Uuid, report: &Report, now: DateTime<Utc>) -> Self {
        Self {
            description: report.description.clone(),
            topic_id: report.topic_id.clone(),
            product: report.product.clone(),
            cohort_size: i64::try_from(report.cohort.members.len()).unwrap_or(i64::MAX),
            evidence_size: i64::try_from(report.cohort.evidence_size()).unwrap_or(i64::MAX),
            ..Self::new(issue_id, Origin::Reported, report.title.clone(), now)
        }
    }

    /// An issue that employees reported before customers did. Nobody is known to be hit, and that is its cohort.
    pub(crate) fn of_employees(issue_id: Uuid, topic_id: &str, now: DateTime<Utc>) -> Self {
        let about = if topic_id.is_empty() {
            "a matter of no known topic"
        } else {
            topic_id
        };
        Self {
            topic_id: topic_id.to_owned(),
            ..Self::new(issue_id, Origin::Employees, title("Employees report", about), now)
        }
    }

    /// An open issue that hit nobody yet.
    pub(super) fn new(issue_id: Uuid, origin: Origin, title: String, opened_at: DateTime<Utc>) -> Self {
        Self {
            issue_id,
            version: 1,
            events: 0,
            origin,
            state: IssueState::Open,
            hot_issue_id: None,
            title,
            description: String::new(),
            topic_id: String::new(),
            product: String::new(),
            opened_at,
            window_start: None,
            closed_at: None,
            subsided_at: None,
            cohort_size: 0,
            cohort_frozen: true,
            evidence_size: 0,
            quotes: Vec::new(),
            p_value: None,
            widened_at: None,
            widening: String::new(),
            priority: 0.0,
            employee_reporters: 0,
            merged_into: None,
            split_from: None,
            gone_on: 0,
            later: None,
            severity: None,
            severity_by_person: false,
            severity_assessed_at: None,
        }
    }

    /// The etag of this version.
    pub(crate) fn etag(&self) -> Etag {
        Etag::of(self.version)
    }

    /// The number of the next event about it.
    pub(crate) fn next_event(&mut self) -> i64 {
        self.events += 1;
        self.events
    }

    /// An initiative works on it from now on.
    pub(crate) fn take_up(&mut self) -> Result<(), WrongState> {
        let refused = match self.state {
            IssueState::Resolved => "the issue is resolved; report a new one if the problem came back",
            IssueState::InWork => "the issue has an initiative; stop that one before planning another",
            IssueState::Merged => "the issue was merged into another; plan for that one",
            IssueState::Open => {
                self.state = IssueState::InWork;
                self.version += 1;
                return Ok(());
            }
        };
        Err(WrongState::new(self.state.as_str(), refused))
    }

    /// Refuses a metric that is a share of the topic's mentions where the issue names no topic.
    pub(crate) fn check_measurable(&self, metric: Metric) -> Result<(), WrongState> {
        if self.topic_id.is_empty() && metric.needs_topic() {
            let message = format!(
                "the issue names no topic, so {} cannot be measured; report it again with a topic_id, or take csat or \
                 sentiment_negative_share",
                metric.as_str()
            );
            return Err(WrongState::new(self.state.as_str(), message));
        }
        Ok(())
    }

    /// Nobody works on it any more.
    pub(crate) fn let_go(&mut self) {
        if self.state == IssueState::InWork {
            self.state = IssueState::Open;
            self.version += 1;
        }
    }

    /// It was proven to be over.
    pub(crate) fn resolve(&mut self, at: DateTime<Utc>) {
        if self.state != IssueState::Resolved {
            self.state = IssueState::Resolved;
            self.closed_at = Some(at);
            self.priority = 0.0;
            self.version += 1;
        }
    }

    /// Follows its hot issue to all products. Answers whether it does: what is measured stays what it was, for a
    /// baseline of one product says nothing about all of them.
    pub(crate) fn widen(&mut self, widening: &Widening, measured: bool) -> bool {
        if self.widened_at.is_some() || self.product.is_empty() {
            return false;
        }
        self.version += 1;
        if measured || self.state == IssueState::Resolved {
            self.widening = format!(
                "It stays with {}, because an iteration was rolled out and its baseline is of that product alone. {}",
                self.product, widening.explanation
            );
            return false;
        }
        let name = if widening.topic_name.is_empty() {
            &self.topic_id
        } else {
            &widening.topic_name
        };
        self.title = title(name, "");
        self.product = String::new();
        self.widened_at = Some(widening.at);
        self.widening.clone_from(&widening.explanation);
        true
    }

    /// A group of so many employees reported the same.
    pub(crate) fn heard_from_employees(&mut self, reporters: i32) {
        self.employee_reporters += i64::from(reporters);
        self.version += 1;
    }
}

/// The topic, and where it is one product's, the product.
fn title(topic_name: &str, product: &str) -> String {
    let title = if product.is_empty() {
        topic_name.to_owned()
    } else {
        format!("{topic_name}: {product}")
    };
    title.chars().take(LONGEST_TITLE).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn issue() -> Issue {
        Issue::detected(
            Uuid::now_v7(),
            Detection {
                hot_issue_id: Uuid::now_v7(),
                topic_id: "cancelled_service".to_owned(),
                topic_name: "Cancelled service".to_owned(),
                product: "united".to_owned(),
                opened_at: "2026-03-02T06:00:00Z".parse().unwrap(),
                window_start: "2026-03-01T06:00:00Z".parse().unwrap(),
                cohort_size: 3,
                evidence_size: 4,
                quotes: Vec::new(),
                p_value: 1e-6,
            },
        )
    }

    #[test]
    fn a_title_names_topic_and_product_and_fits() {
        assert_eq!(issue().title, "Cancelled service: united");
        assert_eq!(title("Late", ""), "Late");
        assert_eq!(title("Late", &"é".repeat(500)).chars().count(), LONGEST_TITLE);
    }

    #[test]
    fn an_issue_is_worked_on_by_one_initiative_at_a_time() {
        let mut issue = issue();
        issue.take_up().unwrap();
        assert!(issue.take_up().unwrap_err().message.contains("stop that one"));
        issue.let_go();
        issue.take_up().unwrap();
        issue.resolve("2026-04-01T00:00:00Z".parse().unwrap());
        issue.let_go();
        assert_eq!(issue.state, IssueState::Resolved);
        assert_eq!(issue.take_up().unwrap_err().state, "resolved");
    }

    #[test]
    fn an_issue_without_a_topic_is_measured_by_what_needs_none() {
        let issue = Issue {
            topic_id: String::new(),
            ..issue()
        };
        for metric in [Metric::TopicShare, Metric::TopicNegativeShare] {
            let refused = issue.check_measurable(metric).unwrap_err();
            assert!(refused.message.contains("topic_id"), "{}", refused.message);
        }
        for metric in [Metric::Csat, Metric::SentimentNegativeShare] {
            issue.check_measurable(metric).unwrap();
        }
    }

    #[test]
    fn an_issue_follows_its_hot_issue_to_all_products_unless_it_is_measured() {
        let widening = Widening {
            hot_issue_id: Uuid::now_v7(),
            topic_name: "Cancelled service".to_owned(),
            at: "2026-03-02T09:00:00Z".parse().unwrap(),
            explanation: "Elsewhere too.".to_owned(),
        };
        let mut followed = issue();
        assert!(followed.widen(&widening, false));
        assert_eq!(
            (
                followed.title.as_str(),
                followed.product.as_str(),
                followed.version
            ),
            ("Cancelled service", "", 2)
        );
        assert!(!followed.widen(&widening, false), "once");
        let mut measured = issue();
        assert!(!measured.widen(&widening, true));
        assert_eq!((measured.product.as_str(), measured.widened_at), ("united", None));
        assert!(
            measured.widening.contains("stays with united"),
            "{}",
            measured.widening
        );
    }

    #[test]
    fn a_frozen_cohort_does_not_change() {
        let mut issue = issue();
        issue.freeze(3, 4);
        let version = issue.version;
        issue.freeze(9, 9);
        assert_eq!(
            (issue.cohort_size, issue.evidence_size, issue.version),
            (3, 4, version)
        );
    }
}
