//! How urgent an issue is, with everything that makes it so.

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::{Issue, IssueState, LaterEvidence, WorthParameters};

/// The rule, as records name it. Another way to compute is another version.
const RULE: &str = "priority/1";
/// The days whose mentions say how people feel.
pub(super) const FELT_DAYS: u64 = 28;
/// The whole days of each of the two spans whose mentions are compared.
const TREND_DAYS: u64 = 7;
/// The square of the 97.5 % quantile of the normal distribution.
const Z_SQUARED: f64 = 3.841_458_820_694_124;
/// So many employees raise a priority by half of what all the world could.
const HALF_OF_EMPLOYEES: f64 = 20.0;
/// Where the number of employees is known from.
const REPORTS: &str = "their reports, told in groups of five or more";
/// What tenfold worth adds.
const PER_TENFOLD: f64 = 0.25;

/// What a factor is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TermKind {
    /// The people it hit.
    People,
    /// How they feel.
    Feeling,
    /// What they are worth.
    Value,
    /// Whether it grows.
    Trend,
    /// What employees say.
    Employees,
}

impl TermKind {
    /// How the factor is computed, in a line.
    const fn formula(self) -> &'static str {
        match self {
            Self::People => {
                "persons of the cohort who did not go on by a split + pieces of feedback of nobody known + employees who \
                 reported it"
            }
            Self::Feeling => "2^(2p - 1), p = (negative + 1.92) / (mentions + 3.84)",
            Self::Value => "1 + 1/4 * log10(value of a customer / cost of a contact), between 1/2 and 2",
            Self::Trend => "2^(2p - 1), p = (last week + 1.92) / (both weeks + 3.84)",
            Self::Employees => "1 + k / (k + 20), k employees",
        }
    }

    /// What stands beside the factor in a sentence.
    const fn words(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Feeling => "how they feel",
            Self::Value => "what they are worth",
            Self::Trend => "the trend",
            Self::Employees => "employees",
        }
    }
}

/// A number that a factor was computed from, and where it is known from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) source: String,
}

/// A factor of a priority. A number that is not known is none: the factor is 1, and the sentence says what is missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Term {
    pub(crate) kind: TermKind,
    pub(crate) factor: f64,
    pub(crate) known: bool,
    pub(crate) inputs: Vec<Input>,
    pub(crate) formula: String,
    pub(crate) explanation: String,
}

/// What customers say about an issue's topic in its product, as it was heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mentions {
    /// Those of the last [`FELT_DAYS`] of which the engine was sure how they feel.
    pub(crate) judged: i64,
    /// Those of them that are negative.
    pub(crate) negative: i64,
    /// Not positive, in the last seven whole days and today.
    pub(crate) recent: i64,
    /// Not positive, in the seven days before those.
    pub(crate) before: i64,
    /// The first of the last [`FELT_DAYS`] on which anything was heard.
    pub(crate) heard_since: Option<NaiveDate>,
}

/// What a priority is computed from.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// Pieces of evidence of nobody known.
    pub(crate) nobody_known: i64,
    pub(crate) mentions: Mentions,
    pub(crate) parameters: Option<WorthParameters>,
    /// Said since the cohort was fixed. It explains and weighs nothing: what is said weighs by feeling and trend.
    pub(crate) later: LaterEvidence,
}

/// The priority of an issue: the record that explains it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Priority {
    /// The product of the factors.
    pub(crate) value: f64,
    pub(crate) terms: Vec<Term>,
    pub(crate) computed_at: DateTime<Utc>,
    pub(crate) rule: String,
    /// The version of the worth parameters it was computed with; 0 where there were none.
    pub(crate) parameters_version: i32,
}

/// The first days of what is counted for a priority on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LookBack {
    pub(crate) felt: NaiveDate,
    pub(crate) before: NaiveDate,
    pub(crate) recent: NaiveDate,
}

impl LookBack {
    /// From `today`, a day in UTC.
    pub(crate) fn from(today: NaiveDate) -> Self {
        let ago = |days| today.checked_sub_days(Days::new(days)).unwrap_or(today);
        Self {
            felt: ago(FELT_DAYS),
            before: ago(2 * TREND_DAYS),
            recent: ago(TREND_DAYS),
        }
    }
}

impl Priority {
    /// The priority of an issue that somebody works on or could.
    pub(crate) fn of(issue: &Issue, facts: &Facts, at: DateTime<Utc>) -> Self {
        let terms = vec![
            people(issue, facts.nobody_known),
            feeling(issue, facts.mentions),
            value(facts.parameters.as_ref()),
            trend(issue, facts, LookBack::from(at.date_naive())),
            employees(issue.employee_reporters),
        ];
        Self {
            value: terms.iter().map(|term| term.factor).product(),
            terms,
            computed_at: at,
            rule: RULE.to_owned(),
            parameters_version: facts
                .parameters
                .as_ref()
                .map_or(0, |parameters| parameters.version),
        }
    }

    /// All of it in sentences; of an issue that is not in flight any more, as it was.
    pub(crate) fn explanation(&self, state: IssueState) -> String {
        let factors: Vec<String> = self
            .terms
            .iter()
            .map(|term| format!("{:.2} ({})", term.factor, term.kind.words()))
            .collect();
        let product = format!("{} = {:.1} ({}).", factors.join(" × "), self.value, self.rule);
        let sentences: Vec<&str> = self.terms.iter().map(|term| term.explanation.as_str()).collect();
        let all = format!("{product} {}", sentences.join(" "));
        match state {
            IssueState::Open | IssueState::InWork => all,
            IssueState::Resolved => format!("It is resolved, so its priority is 0. While it was not: {all}"),
            IssueState::Merged => format!("It was merged, so its priority is 0. Before: {all}"),
        }
    }
}

fn term(kind: TermKind, factor: Option<f64>, inputs: Vec<Input>, explanation: String) -> Term {
    Term {
        kind,
        factor: factor.unwrap_or(1.0),
        known: factor.is_some(),
        inputs,
        formula: kind.formula().to_owned(),
        explanation,
    }
}

fn input(name: &str, value: f64, source: impl Into<String>) -> Input {
    Input {
        name: name.to_owned(),
        value,
        source: source.into(),
    }
}

fn people(issue: &Issue, nobody_known: i64) -> Term {
    let counts =
        [issue.members_staying(), nobody_known, issue.employee_reporters].map(|count| count.max(0) as f64);
    let gone_on = issue.gone_on.max(0);
    let cohort = match (issue.cohort_frozen, gone_on) {
        (true, 0) => "the frozen cohort".to_owned(),
        (true, _) => format!("the frozen cohort, without {gone_on} who went on to issues split from it"),
        (false, _) => "the cohort as it was told; it is still arriving".to_owned(),
    };
    let inputs = vec![
        input("persons of the cohort", counts[0], cohort),
        input(
            "pieces of feedback of nobody known",
            counts[1],
            "the evidence, each as one person",
        ),
        input("employees", counts[2], REPORTS),
    ];
    let elsewhere = match gone_on {
        0 => String::new(),
        _ => format!(" {gone_on} more persons of the cohort count for the issues that were split from it."),
    };
    let explanation = format!(
        "It hit {} known persons, {} pieces of feedback are of nobody known, and {} employees reported it.{elsewhere}",
        counts[0], counts[1], counts[2]
    );
    term(TermKind::People, Some(counts.iter().sum()), inputs, explanation)
}

/// 2^(2p − 1) for the centre p of the Wilson interval of a share: ½ where nothing is one, 2 where all is, 1 at one half
/// and where nothing was counted.
fn balance(successes: i64, n: i64) -> f64 {
    let n = n.max(0);
    let successes = successes.clamp(0, n);
    let centre = (successes as f64 + Z_SQUARED / 2.0) / (n as f64 + Z_SQUARED);
    (2.0 * centre - 1.0).exp2()
}

fn feeling(issue: &Issue, mentions: Mentions) -> Term {
    let kind = TermKind::Feeling;
    if issue.topic_id.is_empty() {
        let unknown = "The issue names no topic, so how people feel about it is not known.";
        return term(kind, None, Vec::new(), unknown.to_owned());
    }
    let inputs = felt(issue, mentions);
    let Mentions { judged, negative, .. } = mentions;
    if judged <= 0 {
        let unknown = format!("Of no mention in the last {FELT_DAYS} days it is known how people feel.");
        return term(kind, None, inputs, unknown);
    }
    let explanation = format!("Of {judged} mentions in the last {FELT_DAYS} days {negative} are negative.");
    term(kind, Some(balance(negative, judged)), inputs, explanation)
}

/// How many mentions of an issue's topic in its product are negative, and of how many.
pub(super) fn felt(issue: &Issue, mentions: Mentions) -> Vec<Input> {
    let source = format!("feedback of the last {FELT_DAYS} days about {}", about(issue));
    let Mentions { judged, negative, .. } = mentions;
    vec![
        input("negative mentions", negative as f64, source.clone()),
        input(
            "mentions of which it is known how they feel",
            judged as f64,
            source,
        ),
    ]
}

fn value(parameters: Option<&WorthParameters>) -> Term {
    let kind = TermKind::Value;
    let Some(parameters) = parameters else {
        let unknown = "Nobody has said what a customer is worth (SetWorthParameters).";
        return term(kind, None, Vec::new(), unknown.to_owned());
    };
    // Nothing counts as the smallest unit: a ratio with it would say nothing.
    let [worth, cost] =
        [&parameters.customer_value, &parameters.cost_per_contact].map(|bounds| bounds.likely.max(1) as f64);
    let factor = (1.0 + PER_TENFOLD * (worth / cost).log10()).clamp(0.5, 2.0);
    let source = |of: &str| format!("worth parameters version {}: {of}", parameters.version);
    let inputs = vec![
        input(
            "value of a customer, smallest units",
            worth,
            source(&parameters.customer_value.source),
        ),
        input(
            "cost of a contact, smallest units",
            cost,
            source(&parameters.cost_per_contact.source),
        ),
    ];
    let explanation = format!("A customer is worth what {:.1} contacts cost.", worth / cost);
    term(kind, Some(factor), inputs, explanation)
}

fn trend(issue: &Issue, facts: &Facts, back: LookBack) -> Term {
    let kind = TermKind::Trend;
    if issue.topic_id.is_empty() {
        let unknown = "The issue names no topic, so whether it grows is not known.";
        return term(kind, None, Vec::new(), unknown.to_owned());
    }
    let mentions = facts.mentions;
    let Mentions { recent, before, .. } = mentions;
    let later = facts
        .later
        .in_words()
        .map(|later| format!(" {later}"))
        .unwrap_or_default();
    let source = |from: NaiveDate| format!("feedback since {from} about {}", about(issue));
    let inputs = vec![
        input(
            "mentions in the last seven days and today",
            recent as f64,
            source(back.recent),
        ),
        input(
            "mentions in the seven days before",
            before as f64,
            source(back.before),
        ),
    ];
    let days = 2 * TREND_DAYS;
    let unknown = match mentions.heard_since {
        Some(since) if since <= back.before => {
            let explanation = format!(
                "It was mentioned {recent} times in the last seven days and today, and {before} times in the seven \
                 before.{later}"
            );
            let factor = balance(recent, recent.saturating_add(before));
            return term(kind, Some(factor), inputs, explanation);
        }
        Some(since) => {
            format!("Feedback is heard since {since}; whether it grows is known after {days} days.")
        }
        None => format!("No feedback was heard; whether it grows is known after {days} days of it."),
    };
    term(kind, None, inputs, unknown + &later)
}

fn employees(reporters: i64) -> Term {
    let k = reporters.max(0) as f64;
    let inputs = vec![input("employees", k, REPORTS)];
    let explanation = match reporters {
        ..=0 => "No group of five or more employees reported it.".to_owned(),
        _ => format!("{reporters} employees reported the same."),
    };
    let factor = 1.0 + k / (k + HALF_OF_EMPLOYEES);
    term(TermKind::Employees, Some(factor), inputs, explanation)
}

/// The topic, and the product where it is one product's.
fn about(issue: &Issue) -> String {
    if issue.product.is_empty() {
        issue.topic_id.clone()
    } else {
        format!("{} in {}", issue.topic_id, issue.product)
    }
}

#[cfg(test)]
mod tests;
